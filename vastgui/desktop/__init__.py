"""One app per home, the links that sign in to it, and the window it is seen in."""

from vastgui.appinfo import AppInfo, info_file, read_info, secret_file
from vastgui.desktop.redirect import forget_redirect, sweep_redirects
from vastgui.desktop.seat import AppRunning, seat
from vastgui.desktop.signin import link, sign_in_url
from vastgui.desktop.windows import open_browser, open_window

__all__ = [
    "AppInfo",
    "AppRunning",
    "forget_redirect",
    "info_file",
    "link",
    "open_browser",
    "open_window",
    "read_info",
    "seat",
    "secret_file",
    "sign_in_url",
    "sweep_redirects",
]
