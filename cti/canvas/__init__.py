"""Sign-in: Salesforce's signed request in, the pane and its session out."""
