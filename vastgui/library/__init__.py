"""The workflows a user can pick: the shipped ones, and the user's own beside them."""

from vastgui.library.model import Broken, LibraryWorkflow
from vastgui.library.preferences import Preferences
from vastgui.library.shelf import Library

__all__ = ["Broken", "Library", "LibraryWorkflow", "Preferences"]
