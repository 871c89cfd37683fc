"""Known reasons why a node fails while it runs: how they look, and what helps."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vastgui.comfy.explained import Action
from vastgui.comfy.outcome import Verdict


@dataclass(frozen=True, slots=True)
class Cause:
    """`words` replace the server's own message when given ({} is the pattern's first group)."""

    pattern: re.Pattern[str]
    words: str
    hint: str
    action: Action

    def say(self, found: re.Match[str]) -> str:
        return self.words.format(*found.groups())


def cause_of(verdict: Verdict) -> tuple[Cause, re.Match[str]] | None:
    """The first known cause that fits the error's type and message."""
    said = f"{verdict.error_type}: {verdict.error}"[:4000]
    for cause in CAUSES:
        if found := cause.pattern.search(said):
            return cause, found
    return None


def _cause(pattern: str, words: str, hint: str, action: Action) -> Cause:
    return Cause(re.compile(pattern, re.IGNORECASE), words, hint, action)


CAUSES: tuple[Cause, ...] = (
    _cause(
        r"^[\w.]*OutOfMemoryError|Allocation on device|(?:CUDA|HIP|MPS|XPU).{0,40}out of memory"
        r"|ran out of memory on your GPU",
        "the GPU ran out of memory",
        "Free the GPU's memory and try again, use a smaller size or batch, or rent a bigger GPU.",
        "free_memory",
    ),
    _cause(
        r"DefaultCPUAllocator|^[\w.]*MemoryError|Unable to allocate|std::bad_alloc|Cannot allocate memory",
        "the instance ran out of main memory (RAM)",
        "Free memory and try again, use a smaller size or batch, or rent an instance with more RAM.",
        "free_memory",
    ),
    _cause(
        r"No module named ['\"]([\w.\-]{1,80})",
        "the Python package “{}” is missing on the instance",
        "Install what the node's pack requires, then restart ComfyUI.",
        "install_pack",
    ),
    _cause(
        r"cannot import name ['\"]([\w.]{1,80})",
        "a Python package on the instance has no “{}”: it is too old or too new",
        "Install the versions that the node's pack requires, then restart ComfyUI.",
        "install_pack",
    ),
    _cause(
        r"No space left on device|Disk quota exceeded",
        "the instance's disk is full",
        "Delete files on the instance, or rent one with a bigger disk; then try again.",
        "retry",
    ),
    _cause(
        r"deserializing header|HeaderTooLarge|InvalidHeader|invalid load key|UnpicklingError"
        r"|PytorchStreamReader|incomplete metadata|MetadataIncompleteBuffer|Ran out of input",
        "a model file is damaged or incomplete",
        "Its download was probably cut off: download it again, or choose another model.",
        "choose_model",
    ),
    _cause(
        r"shapes cannot be multiplied|size mismatch for|expected .{0,80} channels",
        "models that do not belong together are combined",
        "Checkpoint, LoRA, VAE, ControlNet and text encoder must be of one model family.",
        "choose_model",
    ),
    _cause(
        r"Sizes of tensors must match|must match the size of tensor|shape mismatch",
        "things of different sizes meet",
        "Give all pictures and masks one size, a multiple of 64, and use models of one family.",
        "edit",
    ),
    _cause(
        r"Could not detect model type|(?:clip|VAE)(?: input)? is invalid|unsupported model",
        "a model file is not of the kind that the node needs",
        "Choose another model: this one may hold no text encoder or VAE, or be of a new kind.",
        "choose_model",
    ),
    _cause(
        r"outside the output folder|not inside the output",
        "the file name leads out of ComfyUI's output folder",
        "Change the file name prefix to one without “..” and without a leading “/”.",
        "edit",
    ),
    _cause(
        r"DependencyCycle|Dependency cycle",
        "its connections form a loop",
        "Change the connections so that no node waits for itself.",
        "edit",
    ),
    _cause(
        r"^ExecutionBlocked",
        "",
        "A node before it stopped this part of the workflow on purpose; the rest was run.",
        "edit",
    ),
    _cause(
        r"UnidentifiedImageError|cannot identify image file|Invalid data found when processing",
        "an input file is not what its node can read",
        "Choose another file: this one is damaged or of a kind the node does not know.",
        "edit",
    ),
    _cause(
        r"^FileNotFoundError|No such file or directory",
        "",
        "A file that the node needs is not on the instance: choose another, or upload it.",
        "edit",
    ),
    _cause(
        r"no kernel image is available|NVIDIA driver|not compiled with CUDA|device-side assert"
        r"|CUDA error|cuDNN error|CUBLAS",
        "",
        "The GPU or its driver is in trouble: restart ComfyUI; if it stays, rent another machine.",
        "open_log",
    ),
    _cause(
        r"ConnectionError|ConnectTimeout|ReadTimeout|Name or service not known"
        r"|Temporary failure in name resolution|Max retries exceeded",
        "",
        "The node could not reach a server on the internet; trying again may help.",
        "retry",
    ),
)

UNKNOWN_HINT = "The log of ComfyUI has the whole story; a change of the node's values may help."


def plain_words(verdict: Verdict) -> str:
    """The server's own words, its first line that says something."""
    lines: Mapping[str, None] = dict.fromkeys(
        line.strip() for line in verdict.error.split("\n") if line.strip()
    )
    return next(iter(lines), "") or verdict.error_type or "it did not say why"
