"""Why an instance does not answer: Vast.ai knows when it was destroyed, or stopped without credit."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from vastgui.errors import StepFailed, VastguiError
from vastgui.state.plan import Plan
from vastgui.state.secret import Secret

if TYPE_CHECKING:
    from vastgui.vast.models import Instance

VAST_URL = "https://console.vast.ai"
FIRST_AT, THEN_EVERY = 2, 4
"""Failed tries to connect before Vast.ai is asked, and between two questions."""
TIMEOUT_S = 5.0
_STOPPED = frozenset({"stopped", "exited"})


class Tenancy:
    """The instance of one run, as Vast.ai sees it; silent without an instance id or an API key."""

    def __init__(self, plan: Plan, secret: Callable[[str], Secret | None]) -> None:
        text = plan.instance_id
        self._number = int(text) if text.isdecimal() and 0 < int(text) < 10**15 else 0
        urls = (s.params.get("vast_url") for s in plan.steps)
        self._url = next((url for url in urls if isinstance(url, str) and url), VAST_URL)
        self._secret = secret

    def check(self, failed_tries: int) -> None:
        """Raise `StepFailed` when Vast.ai says that the instance will not answer any more."""
        if not self._number or failed_tries < FIRST_AT or (failed_tries - FIRST_AT) % THEN_EVERY:
            return
        from vastgui.vast.errors import InstanceGone

        try:
            found = self._asked()
        except InstanceGone as error:
            raise StepFailed(
                f"The instance {self._number} no longer exists: Vast.ai does not know it any more.",
                hint="It was destroyed. What came home is in the run's outputs; rent another one.",
            ) from error
        except VastguiError:
            return  # no answer says nothing about the instance: the link is tried on
        if found is not None and found.intended_status in _STOPPED:
            raise StepFailed(
                f"The instance {self._number} was stopped.",
                hint="Vast.ai stops instances when the credit is used up. Start it again on "
                "https://cloud.vast.ai/instances/, then continue the run.",
            )

    def _asked(self) -> "Instance | None":
        from vastgui.vast.client import VastClient

        if (key := self._secret("vast_api_key")) is None:
            return None
        with VastClient(self._url, key.reveal(), timeout_s=TIMEOUT_S, sleep=_give_up) as vast:
            return vast.instance(self._number)


def _give_up(_seconds: float) -> None:
    """Instead of a pause before another try: the next failed connection asks again."""
    raise VastguiError("Vast.ai gave no answer at once.")
