"""The names of modalities/protocols/fit.py, for images."""
