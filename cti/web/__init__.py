"""What all HTTP answers of the connector have in common."""
