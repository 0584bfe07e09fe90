"""The names of targets/protocols/judging.py, for classes."""
