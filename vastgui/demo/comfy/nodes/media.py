"""Nodes for video and audio."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vastgui.demo.comfy import containers
from vastgui.demo.comfy.kinds import plays
from vastgui.demo.comfy.nodes.savers import Shown, file_item
from vastgui.demo.comfy.pictures import Batch
from vastgui.demo.comfy.work import here


@dataclass(frozen=True)
class Video:
    frames: Batch
    fps: float


@dataclass(frozen=True)
class Audio:
    seconds: float
    rate: int
    channels: int
    frequency: float = 0.0
    """Hz of its tone; 0: silence."""

    @property
    def flac(self) -> bytes:
        samples = list(containers.tone(self.frequency, self.seconds, self.rate))
        return containers.flac(samples, self.rate, self.channels)


@plays("CreateVideo")
def create(images: Batch, fps: float, audio: Audio | None = None) -> tuple[Video]:  # noqa: ARG001
    return (Video(images, fps),)


@plays("SaveVideo")
def save(video: Video, filename_prefix: str, **_: Any) -> Shown:
    data = containers.mp4(video.frames, video.fps)
    item = _write(data, filename_prefix, ".mp4", video.frames.size)
    return {"ui": {"images": [item], "animated": (True,)}}


@plays("SaveWEBM")
def save_webm(images: Batch, filename_prefix: str, fps: float, **_: Any) -> Shown:
    data = containers.webm(images, fps)
    item = _write(data, filename_prefix, ".webm", images.size)
    return {"ui": {"images": [item], "animated": (True,)}}


@plays("EmptyAudio")
def silence(duration: float, sample_rate: int, channels: int) -> tuple[Audio]:
    return (Audio(duration, sample_rate, channels),)


@plays("PracticeTone")
def tone(frequency: float, seconds: float) -> tuple[Audio]:
    return (Audio(seconds, 22_050, 1, frequency),)


@plays("SaveAudio")
def save_flac(audio: Audio, filename_prefix: str, **_: Any) -> Shown:
    return {"ui": {"audio": [_write(audio.flac, filename_prefix, ".flac")]}}


@plays("SaveAudioMP3")
def save_mp3(audio: Audio, filename_prefix: str, **_: Any) -> Shown:
    item = _write(containers.mp3(audio.seconds), filename_prefix, ".mp3")
    return {"ui": {"audio": [item]}}


@plays("SaveAudioOpus")
def save_opus(audio: Audio, filename_prefix: str, **_: Any) -> Shown:
    item = _write(containers.opus(audio.seconds), filename_prefix, ".opus")
    return {"ui": {"audio": [item]}}


@plays("PreviewAudio")
def preview(audio: Audio, **_: Any) -> Shown:
    prefix = "ComfyUI" + here().temp_suffix()
    return {"ui": {"audio": [_write(audio.flac, prefix, ".flac", kind="temp")]}}


def _write(
    data: bytes, prefix: str, suffix: str, size: tuple[int, int] = (0, 0), *, kind: str = "output"
) -> dict[str, str]:
    folder, name, number, subfolder = here().folders.numbered(prefix, kind, size)
    path = Path(folder, f"{name}_{number:05}_{suffix}")
    path.write_bytes(data)
    return file_item(path, subfolder, kind)
