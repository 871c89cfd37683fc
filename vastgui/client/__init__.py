"""The Python client of a running vastgui: what its API offers, and following a run to its end.

    client = Client.of_running_app(Paths.from_env())
    run_id = client.start({"template_id": "quick-check", "ssh_connection": "root@1.2.3.4:22"})
    for state in client.follow(run_id):
        print(state.status, state.progress_percent)

Every method raises a `VastguiError`: `Refused` when the app says no, `AppGone` when it is away,
`NoAnswer` (an `AppGone`) when it runs and says nothing.
"""

from vastgui.client.client import Client
from vastgui.client.errors import AppGone, NoAnswer, Refused

__all__ = ["AppGone", "Client", "NoAnswer", "Refused"]
