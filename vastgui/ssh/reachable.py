"""Does an SSH server answer at an address? Asked before an address is believed."""

import socket


def speaks_ssh(host: str, port: int, timeout_s: float = 5.0) -> bool:
    """True when `host`:`port` greets as an SSH server within `timeout_s`."""
    try:
        with socket.create_connection((host, port), timeout_s) as link:
            link.settimeout(timeout_s)
            return link.recv(4) == b"SSH-"
    except (OSError, UnicodeError):  # a host name may be no name at all
        return False
