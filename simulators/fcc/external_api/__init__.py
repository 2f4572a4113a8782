"""FCC's external-api: how it is spoken, and its functions, a module for each subject."""
