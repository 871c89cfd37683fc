"""The real app with faults whose texts hold every canary of its store; for test_canaries.py.

Words: the name of the variable that holds one more secret.
"""

import logging
import os
import sys

from vastgui.config import Paths, Settings
from vastgui.feed import Feed
from vastgui.secretstore import SecretStore
from vastgui.services import Services


def main() -> int:
    os.umask(0o077)
    paths = Paths.from_env()
    store = SecretStore(paths)
    values = [kept.reveal() for name in store.names() if (kept := store.get(name))]

    def fails(_: object) -> None:
        logging.getLogger("uvicorn.error").error("GET /runs?token=%s", values[0])
        raise ValueError(f"bad: {values}, {os.environ[sys.argv[1]]!r}")

    Feed.poll = fails  # type: ignore[assignment, method-assign]
    Services.tidy = fails  # type: ignore[assignment, method-assign]
    from vastgui.app import serve

    return serve(paths, Settings(port=0))


if __name__ == "__main__":
    sys.exit(main())
