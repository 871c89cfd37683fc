"""ComfyUI workflows: what is asked for, how far it is, what came of it."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from vastgui.api.models.envelope import Body, Envelope
from vastgui.api.models.run import Time
from vastgui.api.models.start import SSH, Connecting, StartAnswer
from vastgui.state.model import Status


class InputFile(Body):
    path: str = Field(description="A file on this computer.", max_length=4000)
    field: str | None = Field(
        default=None,
        description="`NODE.INPUT`, such as `10.image`; needed where several want a file.",
        max_length=300,
    )


def _as_file(given: Any) -> Any:
    return {"path": given} if isinstance(given, str) else given


InputImage = Annotated[InputFile, BeforeValidator(_as_file, json_schema_input_type=str | InputFile)]


class ExecuteWanted(Connecting):
    """Where it runs, which workflow, and what is to be different in it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ssh_connection": SSH,
                    "workflow_file": "text-to-image",
                    "parameters": {"prompt": "a red fox", "steps": 8},
                    "output_dir": "~/Pictures",
                }
            ]
        }
    )
    target: str | None = Field(
        default=None,
        description="A ComfyUI on this computer: `local` or `http://127.0.0.1:8188`. "
        "Give it or ssh_connection.",
        max_length=200,
    )
    workflow_file: str | None = Field(
        default=None,
        description="A name of the library, or a file on this computer.",
        max_length=4000,
    )
    workflow: dict[str, Any] | None = Field(
        default=None, description="The workflow itself, as ComfyUI saves or exports it."
    )
    workflow_name: str | None = Field(
        default=None, description="What it is called; else its file's name.", max_length=100
    )
    input_images: list[InputImage] = Field(
        default_factory=list, description="Files to send.", max_length=500
    )
    parameters: dict[str, Any] = Field(
        default_factory=dict,
        description="Values by `NODE.INPUT` (`6.text`), or by what a field is: `prompt`, "
        "`negative`, `seed`, `steps`, `cfg`, `denoise`, `width`, `height`, `checkpoint`, `lora`.",
    )
    seed_controls: dict[str, str] = Field(
        default_factory=dict,
        description="`randomize`, `fixed`, `increment` or `decrement`, by `NODE.INPUT` or `seed`.",
    )
    output_dir: str | None = Field(
        default=None, description="Put the results into this folder too.", max_length=4000
    )
    comfyui_port: int | None = Field(
        default=None,
        description="ComfyUI's port inside the instance; else 18188, then 8188.",
        ge=1,
        le=65535,
    )
    run_rest: bool = Field(
        default=False, description="Make the other outputs where ComfyUI refuses some."
    )
    only_preflight: bool = Field(
        default=False, description="Only check whether it can run there; nothing is queued."
    )


class ExecuteAnswer(StartAnswer):
    progress_url: str
    cancel_url: str = Field(description="POST to it.")
    outputs_url: str


class Node(BaseModel):
    node_id: str
    node_type: str
    title: str
    status: str = Field(description="pending, executing, executed, cached or error")
    progress: float | None = Field(description="0 to 100")
    message: str
    start_time: Time
    end_time: Time


class Timing(BaseModel):
    queue_time: Time
    start_time: Time
    end_time: Time
    estimated_completion: Time


class ProgressAnswer(Envelope):
    workflow_id: str
    status: Status
    is_terminal: bool
    isTerminal: bool  # noqa: N815 -- as in Run
    progress_percent: float = Field(description="0 to 100")
    current_step: int
    total_steps: int
    workflow_name: str | None
    prompt_id: str | None
    prompt_outcome: str | None
    queue_position: int | None = Field(description="Prompts before it; null: not queued.")
    current_node: str | None
    failed_node: str | None
    total_nodes: int
    completed_nodes: int
    nodes: list[Node]
    timing: Timing | None
    preview_url: str | None = Field(description="The newest preview picture.")
    error: str | None
    hint: str | None


class OutputFile(BaseModel):
    number: int
    node_id: str
    filename: str
    subfolder: str
    type: str
    media: str | None = Field(description="image, video, audio, 3d, text or other")
    size_bytes: int | None
    sha256: str | None = Field(description="Of the file on this disk.")
    downloaded: bool = Field(description="On this disk and verified.")
    download_url: str | None = Field(description="Null until it is downloaded.")
    thumbnail_url: str | None
    error: str | None


class OutputsAnswer(Envelope):
    workflow_id: str
    status: Status
    outputs: list[OutputFile]
