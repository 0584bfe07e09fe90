"""The names of targets/protocols/labels.py, for classes."""
