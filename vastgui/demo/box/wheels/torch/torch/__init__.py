"""Plays the few functions of torch that tell which GPU there is."""

from . import cuda, version

__version__ = "2.9.1+cu128"
__all__ = ["__version__", "cuda", "version"]
