"""The names of modalities/protocols/prepare.py, for images."""

from pipeline.modalities.images.prepare.traces import trace

__all__ = ["trace"]
