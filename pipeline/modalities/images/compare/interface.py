"""The names of modalities/protocols/compare.py, for images."""
