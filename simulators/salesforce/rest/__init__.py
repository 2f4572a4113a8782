"""The REST API of My Domain, a module for each kind of resource."""
