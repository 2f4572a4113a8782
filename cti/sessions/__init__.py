"""Sessions: what whoever lets somebody in gives them, and what everything after asks for."""
