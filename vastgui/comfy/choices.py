"""Which values of a prompt are picks from a list of the instance: models, files, other choices."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vastgui.comfy import values
from vastgui.comfy.explained import title_of

_UPLOADS = ("image_upload", "video_upload", "audio_upload", "animated_image_upload", "file_upload")
MODEL_FILES = (
    ".safetensors", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".gguf", ".sft", ".onnx", ".pkl",
    ".engine", ".patch",
)  # fmt: skip

MEDIA_FILES = (
    ".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".mp4", ".webm", ".mov",
    ".mkv", ".avi", ".wav", ".mp3", ".flac", ".ogg", ".opus", ".glb", ".gltf", ".obj", ".latent",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """`field` is "4.ckpt_name"; `options` are what the instance offers for it."""

    field: str
    title: str
    node_type: str
    kind: Literal["model", "file", "choice"]
    value: str
    options: tuple[str, ...] = ()

    @property
    def is_there(self) -> bool:
        """True, too, for files the server would not list: in subfolders, "a.png [temp]", odd kinds."""
        if self.kind == "file" and (
            "/" in self.value or not self.value.lower().endswith(MEDIA_FILES)
        ):
            return True
        return self.value in self.options


def choices(prompt: Mapping[str, Any], object_info: Mapping[str, Any]) -> tuple[Choice, ...]:
    """Every input of `prompt` that picks from a list known to `object_info`."""
    return tuple(_choices(prompt, object_info))


def _choices(prompt: Mapping[str, Any], object_info: Mapping[str, Any]) -> Iterator[Choice]:
    for node_id, raw in prompt.items():
        node = values.mapping(raw)
        node_type = node.get("class_type")
        if not isinstance(node_type, str):
            continue
        declared = values.mapping(values.mapping(object_info.get(node_type)).get("input"))
        specs = {
            **values.mapping(declared.get("required")),
            **values.mapping(declared.get("optional")),
        }
        for name, value in values.mapping(node.get("inputs")).items():
            options, extra = listed_options(specs.get(name))
            if isinstance(value, str) and options is not None:
                title = title_of(prompt, node_id, node_type)
                kind = _kind(value, options, extra)
                yield Choice(f"{node_id}.{name}", title, node_type, kind, value, options)


def listed_options(spec: Any) -> tuple[tuple[str, ...] | None, dict[Any, Any]]:
    """The options of an input's declaration (None when it is no list), and its settings."""
    kind, extra = [*values.items(spec), None, None][:2]
    extra = values.mapping(extra)
    found = kind if isinstance(kind, list) else extra.get("options") if kind == "COMBO" else None
    if not isinstance(found, list) or "remote" in extra:
        return None, extra
    return tuple(option for option in found if isinstance(option, str)), extra


def _kind(
    value: str, options: tuple[str, ...], extra: Mapping[Any, Any]
) -> Literal["model", "file", "choice"]:
    if any(extra.get(flag) for flag in _UPLOADS):
        return "file"
    names = (value, *options[:50])
    return "model" if any(name.lower().endswith(MODEL_FILES) for name in names) else "choice"
