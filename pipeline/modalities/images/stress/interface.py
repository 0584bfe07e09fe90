"""The names of modalities/protocols/stress.py, for images."""
