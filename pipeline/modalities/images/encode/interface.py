"""The names of modalities/protocols/encode.py, for images."""
