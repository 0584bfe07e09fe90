"""The names of targets/protocols/rules.py, for classes."""
