"""The Python client of a running vastgui."""
