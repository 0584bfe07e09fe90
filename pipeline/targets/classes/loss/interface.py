"""The names of targets/protocols/loss.py, for classes."""
