"""The guards: plain ASGI layers around the whole app, for http and for websockets.

`Guard` stands before the listener on 127.0.0.1 and keeps other web pages of the same browser and
other users of this computer out. `LanGuard` stands before the listener that other computers
reach, if the settings ask for one.
"""

from vastgui.appinfo import lan_secret_file
from vastgui.security.guard import Guard
from vastgui.security.headers import cleaned
from vastgui.security.hosts import Hosts
from vastgui.security.keys import Keys
from vastgui.security.lan import LanGuard
from vastgui.security.lan_keys import LanKeys

__all__ = ["Guard", "Hosts", "Keys", "LanGuard", "LanKeys", "cleaned", "lan_secret_file"]
