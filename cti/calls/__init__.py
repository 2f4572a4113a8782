"""Calls: dialling, what is reported about them, which of a pane's calls is which of the PBX's, what panes see."""
