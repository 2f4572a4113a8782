"""`fcc-connector`: what an administrator of the connector does on its machine. `main.py` is the program."""
