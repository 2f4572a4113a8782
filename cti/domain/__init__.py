"""The pure rules: calls as folds over facts, outcomes, presence, phone numbers, what a call relates to. No I/O."""
