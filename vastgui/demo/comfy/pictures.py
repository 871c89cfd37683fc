"""Pictures as nodes hand them on, and how they look in a log."""

from collections.abc import Iterable

from PIL import Image


class Batch(list[Image.Image]):
    """What ComfyUI calls IMAGE (or MASK, in mode L): pictures of one size."""

    @property
    def size(self) -> tuple[int, int]:
        return self[0].size if self else (0, 0)

    def __str__(self) -> str:
        width, height = self.size
        return f"tensor(shape=({len(self)}, {height}, {width}, 3))"


class Latent(dict[str, object]):
    """What ComfyUI calls LATENT: here the pictures themselves, or only their size."""

    def __init__(self, size: tuple[int, int], count: int, frames: Batch | None = None) -> None:
        super().__init__()
        self.size, self.count, self.frames = size, count, frames
        self.mask: Batch | None = None

    def with_frames(self, frames: Iterable[Image.Image]) -> "Latent":
        kept = Batch(frames)
        return Latent(kept.size, len(kept), kept)

    def __str__(self) -> str:
        width, height = self.size
        return f"{{'samples': tensor(shape=({self.count}, 4, {height // 8}, {width // 8}))}}"


def each(batch: Iterable[Image.Image], *, mode: str = "RGB") -> Iterable[Image.Image]:
    """All pictures in `mode`."""
    return (picture if picture.mode == mode else picture.convert(mode) for picture in batch)
