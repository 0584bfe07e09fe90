"""The names of modalities/protocols/network.py, for images."""
