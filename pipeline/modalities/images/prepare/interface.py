"""The names of modalities/protocols/prepare.py, for images."""
