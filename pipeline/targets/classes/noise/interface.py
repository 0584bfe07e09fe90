"""The names of targets/protocols/noise.py, for classes."""
