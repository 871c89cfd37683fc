"""ComfyUI as a client meets it: the wire, what it means, and the words for it."""
