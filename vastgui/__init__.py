"""Run ComfyUI on a rented machine: set it up, follow it live, bring the results home."""

__version__ = "0.1.0"
