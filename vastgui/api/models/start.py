"""What is asked for when a run is started or steered, and what comes back."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from vastgui.api.models.envelope import Body, Envelope
from vastgui.api.models.run import RUN_ID
from vastgui.state.model import Status

SSH = "ssh -p 2838 root@104.189.178.116"
ID_HELP = (
    "The id the run is to have: 26 characters of 0-9 a-z without i, l, o, u. The same request with "
    "the same id starts nothing twice: it answers 200 with the run there is."
)


class StepWanted(Body):
    action: str = Field(description="A name of GET /config/workflow.", examples=["test_ssh"])
    label: str | None = Field(default=None, description="Its name for people; else the action's.")
    params: dict[str, Any] | None = Field(
        default=None, description="By name; see GET /config/workflow."
    )
    enabled: bool | None = Field(default=None, description="False leaves it out.")
    timeout_s: float | None = Field(default=None, description="Seconds the whole step may take.")
    silence_timeout_s: float | None = Field(
        default=None, description="Seconds it may go without output or progress."
    )
    retries: int | None = Field(
        default=None, description="How often a passing failure is tried again."
    )
    allow_partial: bool | None = Field(
        default=None, description="A partial success lets the run go on."
    )


class Connecting(Body):
    """How an instance is reached."""

    ssh_connection: str | None = Field(
        default=None,
        description="As Vast.ai shows it, `root@host:port`, or a name of your ssh config.",
        examples=[SSH],
        max_length=2000,
    )
    key_file: str | None = Field(
        default=None, description="Private key file on this computer.", max_length=4000
    )
    use_agent: bool = Field(default=False, description="Let the SSH agent offer its keys.")
    instance_id: str | None = Field(
        default=None, description="Vast's number of the machine.", max_length=100
    )
    workflow_id: str | None = Field(default=None, description=ID_HELP, examples=[RUN_ID])


class StartWanted(Connecting):
    """A template by its id, or a list of steps."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"template_id": "quick-check", "ssh_connection": SSH},
                {"steps": [{"action": "test_ssh"}], "ssh_connection": SSH, "step_delay": 1.5},
            ]
        }
    )
    template_id: str | None = Field(
        default=None, description="See GET /config/workflow.", max_length=100
    )
    steps: list[StepWanted] | None = Field(
        default=None, description="1 to 200 steps.", max_length=200
    )
    variables: dict[str, Any] | None = Field(
        default=None, description="Values of the variables, by name."
    )
    enabled: dict[str, bool] | None = Field(
        default=None, description="Steps to switch on or off, by action or number (`3`: the third)."
    )
    only: int | str | None = Field(
        default=None, description="Run this step alone: index (from 0) or action."
    )
    from_step: int | str | None = Field(
        default=None, description="Leave out the steps before it: index (from 0) or action."
    )
    step_delay: float = Field(default=0.0, description="Seconds to wait between two steps.")


class StartAnswer(Envelope):
    workflow_id: str
    status: Status
    status_url: str = Field(description="GET it for the state.")
    events_url: str = Field(description="Server-sent events: a snapshot, then changes.")
    ws_url: str = Field(description="The same as a WebSocket.")


class Which(Body):
    workflow_id: str | None = Field(
        default=None,
        description="May be left out while exactly one run is active.",
        examples=[RUN_ID],
    )


class StopWanted(Which):
    mode: Literal["now", "after_step", "force"] = Field(
        default="now",
        description="`now` cancels the step in progress, `after_step` lets it finish, `force` ends "
        "a runner that hangs (TERM, 10 s later KILL).",
    )


class AnswerWanted(Which):
    ask_id: str = Field(description="`question.ask_id` of the state.", max_length=100)
    answer: str = Field(description="One of `question.choices`.", max_length=1000)


class SteerAnswer(Envelope):
    workflow_id: str
    status: Status
    acknowledged: bool = Field(
        description="The runner has read it (within 250 ms); else it will when it can."
    )


class ContinueWanted(Body):
    from_step: int | None = Field(
        default=None,
        description="Index of the step to start at (from 0); else the first not completed.",
    )


class AgainWanted(Body):
    only: int | None = Field(default=None, description="Index of the one step to run (from 0).")
