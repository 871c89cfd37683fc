"""What a file is by its first bytes, never by its name. Pure.

`inline` is an allow-list: what a browser may show inside a page without running anything. SVG,
HTML, XML and PDF are documents that can hold scripts, so they are only ever downloaded.
"""

from collections.abc import Callable
from dataclasses import dataclass

HEAD_BYTES = 512
"""`sniff` wants this much of a file's start (less when the file is shorter)."""


@dataclass(frozen=True, slots=True)
class Media:
    """`kind` is image, video, audio, 3d, text or other; `media_type` is safe to send as it is."""

    kind: str
    media_type: str
    inline: bool = False


PNG = Media("image", "image/png", inline=True)
JPEG = Media("image", "image/jpeg", inline=True)
GIF = Media("image", "image/gif", inline=True)
WEBP = Media("image", "image/webp", inline=True)
MP4 = Media("video", "video/mp4", inline=True)
M4A = Media("audio", "audio/mp4", inline=True)
WEBM = Media("video", "video/webm", inline=True)
OGG = Media("audio", "audio/ogg", inline=True)
OGV = Media("video", "video/ogg", inline=True)
MP3 = Media("audio", "audio/mpeg", inline=True)
WAV = Media("audio", "audio/wav", inline=True)
FLAC = Media("audio", "audio/flac", inline=True)
TEXT = Media("text", "text/plain; charset=utf-8")
OTHER = Media("other", "application/octet-stream")

_PREFIXES: tuple[tuple[bytes, Media], ...] = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"ID3", MP3),
    (b"fLaC", FLAC),
    (b"II*\0", Media("image", "image/tiff")),
    (b"MM\0*", Media("image", "image/tiff")),
    (b"v/1\x01", Media("image", "image/x-exr")),
    (b"#?RADIANCE", Media("image", "image/vnd.radiance")),
    (b"\xff\x0a", Media("image", "image/jxl")),
    (b"\0\0\0\x0cJXL ", Media("image", "image/jxl")),
    (b"glTF", Media("3d", "model/gltf-binary")),
    (b"ply\n", Media("3d", "application/octet-stream")),
    (b"ply\r\n", Media("3d", "application/octet-stream")),
    (b"%PDF-", OTHER),
)
_RIFF = {b"WEBP": WEBP, b"WAVE": WAV, b"AVI ": Media("video", "video/x-msvideo")}
_BRANDS = {
    b"avif": Media("image", "image/avif"),
    b"avis": Media("image", "image/avif"),
    b"heic": Media("image", "image/heic"),
    b"mif1": Media("image", "image/heic"),
    b"qt  ": Media("video", "video/quicktime"),
    b"M4A ": M4A,
    b"M4B ": M4A,
}
_MP4_BRANDS = (b"iso", b"mp4", b"avc", b"M4V", b"dash", b"MSNV", b"3gp")
_MPEG_AUDIO = frozenset((0xFA, 0xFB, 0xF2, 0xF3, 0xE2, 0xE3))  # layer III of MPEG 1, 2 and 2.5
_CONTROL = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")


def sniff(head: bytes) -> Media:
    """The media of a file that begins with `head`: `HEAD_BYTES` of it, or all it has."""
    head = bytes(head[:HEAD_BYTES])
    for prefix, media in _PREFIXES:
        if head.startswith(prefix):
            return media
    return next((found for look in _LOOKS if (found := look(head))), OTHER)


def _riff(head: bytes) -> Media | None:
    return _RIFF.get(head[8:12]) if head.startswith(b"RIFF") else None


def _iso(head: bytes) -> Media | None:
    """MP4 and its relatives: the major brand decides."""
    if head[4:8] != b"ftyp":
        return None
    brand = head[8:12]
    return _BRANDS.get(brand) or (MP4 if brand.startswith(_MP4_BRANDS) else OTHER)


def _matroska(head: bytes) -> Media | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    return WEBM if b"\x42\x82\x84webm" in head[:64] else Media("video", "video/x-matroska")


def _ogg(head: bytes) -> Media | None:
    if not head.startswith(b"OggS"):
        return None
    return OGV if b"\x80theora" in head[:64] else OGG


def _mpeg_audio(head: bytes) -> Media | None:
    is_frame = len(head) > 3 and head[0] == 0xFF and head[1] in _MPEG_AUDIO
    return MP3 if is_frame and head[2] >> 4 not in (0, 15) else None


def _bitmap(head: bytes) -> Media | None:
    plausible = head.startswith(b"BM") and head[6:10] == b"\0\0\0\0" and head[14:18] in _BMP_HEADERS
    return Media("image", "image/bmp") if plausible else None


_BMP_HEADERS = tuple(size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124))


def _text(head: bytes) -> Media | None:
    """UTF-8 without control characters; a character cut at the end of `head` is forgiven."""
    if not head or not _CONTROL.isdisjoint(head):
        return None
    try:
        head.decode()
    except UnicodeDecodeError as error:
        cut = len(head) == HEAD_BYTES and error.start > HEAD_BYTES - 4
        return TEXT if cut else None
    return TEXT


_LOOKS: tuple[Callable[[bytes], Media | None], ...] = (
    _riff,
    _iso,
    _matroska,
    _ogg,
    _mpeg_audio,
    _bitmap,
    _text,
)
