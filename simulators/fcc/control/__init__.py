"""The control interface of the FCC simulator, and its page."""
