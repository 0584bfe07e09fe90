"""The names of modalities/protocols/label_check.py, for images."""
