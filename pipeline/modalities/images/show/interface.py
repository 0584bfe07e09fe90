"""The names of modalities/protocols/show.py, for images."""
