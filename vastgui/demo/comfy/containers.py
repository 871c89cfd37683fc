"""Small real video and audio files, written with what Pillow can encode."""

import math
import struct
from collections.abc import Iterable, Sequence
from io import BytesIO

from PIL import Image

_PIECE = 4096
"""Samples in one frame of a FLAC file."""
_RATES = {8000: 4, 16000: 5, 22050: 6, 24000: 7, 32000: 8, 44100: 9, 48000: 10, 96000: 11}
"""Codes of sample rates; Chromium gives up where a frame does not tell its own."""


def webm(frames: Sequence[Image.Image], fps: float) -> bytes:
    """A WebM video. Each frame is a VP8 key frame: that is what a lossy WebP holds."""
    width, height = frames[0].size
    track = (
        _element(0xD7, b"\1") + _element(0x73C5, b"\1") + _element(0x83, b"\1")
        + _element(0x86, b"V_VP8")
        + _element(0xE0, _element(0xB0, _uint(width)) + _element(0xBA, _uint(height)))
    )  # fmt: skip
    length_ms = struct.pack(">d", len(frames) * 1000 / fps)
    info = _element(0x2AD7B1, _uint(1_000_000)) + _element(0x4489, length_ms)
    info += _element(0x4D80, b"vastgui") + _element(0x5741, b"vastgui")
    body = _element(0x1549A966, info) + _element(0x1654AE6B, _element(0xAE, track))
    for number, frame in enumerate(frames):
        time_ms = round(number * 1000 / fps)
        block = b"\x81\0\0\x80" + _vp8(frame)
        body += _element(0x1F43B675, _element(0xE7, _uint(time_ms)) + _element(0xA3, block))
    kind = _element(0x4282, b"webm") + _element(0x4287, b"\4") + _element(0x4285, b"\2")
    return _element(0x1A45DFA3, kind) + _element(0x18538067, body)


def _vp8(frame: Image.Image) -> bytes:
    file = BytesIO()
    frame.convert("RGB").save(file, "WEBP", quality=80, method=2)
    data = file.getvalue()
    (size,) = struct.unpack("<I", data[16:20])
    return data[20 : 20 + size]


def _element(number: int, content: bytes) -> bytes:
    name = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return name + (len(content) | 1 << 56).to_bytes(8, "big") + content


def _uint(value: int) -> bytes:
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def mp4(frames: Sequence[Image.Image], fps: float) -> bytes:
    """An MP4 video whose frames are JPEG pictures (object type 0x6C)."""
    pictures = [_jpeg(frame) for frame in frames]
    width, height = frames[0].size
    scale = 90_000
    step = round(scale / fps)
    length = step * len(pictures)
    kind = _box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41")
    media = _box(b"mdat", b"".join(pictures))
    first = len(kind) + 8
    matrix = struct.pack(">9I", 65536, 0, 0, 0, 65536, 0, 0, 0, 0x40000000)
    head = struct.pack(">6I", 0, 0, 0, scale, length, 0x10000) + struct.pack(">HHQ", 0x100, 0, 0)
    movie = _box(b"mvhd", head + matrix + bytes(24) + struct.pack(">I", 2))
    place = struct.pack(">6I", 3, 0, 0, 1, 0, length) + bytes(16)
    track = _box(b"tkhd", place + matrix + struct.pack(">II", width << 16, height << 16))
    told = _box(b"mdhd", struct.pack(">5IHH", 0, 0, 0, scale, length, 0x55C4, 0))
    told += _box(b"hdlr", struct.pack(">II", 0, 0) + b"vide" + bytes(12) + b"Video\0")
    table = _samples(pictures, first, step, width, height)
    source = _box(b"dinf", _box(b"dref", struct.pack(">II", 0, 1) + _box(b"url ", b"\0\0\0\1")))
    told += _box(b"minf", _box(b"vmhd", b"\0\0\0\1" + bytes(8)) + source + table)
    return kind + media + _box(b"moov", movie + _box(b"trak", track + _box(b"mdia", told)))


def _samples(pictures: Sequence[bytes], first: int, step: int, width: int, height: int) -> bytes:
    config = b"\x6c\x11" + bytes(3) + struct.pack(">II", 0, 0)
    stream = b"\0\1\0" + _tag(4, config) + _tag(6, b"\2")
    describe = _box(b"esds", bytes(4) + _tag(3, stream))
    entry = bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HH", width, height)
    entry += struct.pack(">IIIH", 0x480000, 0x480000, 0, 1) + bytes(32)
    entry += struct.pack(">Hh", 24, -1) + describe
    sizes = struct.pack(f">{len(pictures)}I", *map(len, pictures))
    return _box(
        b"stbl",
        _box(b"stsd", struct.pack(">II", 0, 1) + _box(b"mp4v", entry))
        + _box(b"stts", struct.pack(">4I", 0, 1, len(pictures), step))
        + _box(b"stsc", struct.pack(">5I", 0, 1, 1, len(pictures), 1))
        + _box(b"stsz", struct.pack(">3I", 0, 0, len(pictures)) + sizes)
        + _box(b"stco", struct.pack(">3I", 0, 1, first)),
    )


def _tag(number: int, content: bytes) -> bytes:
    return bytes([number, len(content)]) + content


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def _jpeg(frame: Image.Image) -> bytes:
    file = BytesIO()
    frame.convert("RGB").save(file, "JPEG", quality=85)
    return file.getvalue()


def flac(samples: Sequence[int], rate: int, channels: int) -> bytes:
    """A FLAC file of 16 bits that plays `samples` on every channel, uncompressed."""
    total = len(samples)
    place = rate << 44 | (channels - 1) << 41 | 15 << 36 | total
    info = struct.pack(">HH", _PIECE, _PIECE) + bytes(6) + place.to_bytes(8, "big") + bytes(16)
    pieces = [samples[at : at + _PIECE] for at in range(0, total, _PIECE)]
    frames = b"".join(_flac_frame(n, piece, rate, channels) for n, piece in enumerate(pieces))
    return b"fLaC\x80" + len(info).to_bytes(3, "big") + info + frames


def _flac_frame(number: int, samples: Sequence[int], rate: int, channels: int) -> bytes:
    head = b"\xff\xf8" + bytes([0x70 | _RATES.get(rate, 0), (channels - 1) << 4 | 8])
    head += chr(number).encode()
    head += struct.pack(">H", len(samples) - 1)
    head += bytes([_crc(head, 8, 0x07)])
    if len(set(samples)) == 1:
        sub = b"\0" + struct.pack(">h", samples[0])
    else:
        sub = b"\2" + struct.pack(f">{len(samples)}h", *samples)
    frame = head + sub * channels
    return frame + struct.pack(">H", _crc(frame, 16, 0x8005))


def _crc(data: bytes, bits: int, poly: int) -> int:
    table = _table(bits, poly)
    value, full = 0, (1 << bits) - 1
    for byte in data:
        value = (value << 8 & full) ^ table[(value >> (bits - 8)) ^ byte]
    return value


def _table(bits: int, poly: int) -> list[int]:
    if (bits, poly) not in _TABLES:
        _TABLES[bits, poly] = [_shifted(byte, bits, poly) for byte in range(256)]
    return _TABLES[bits, poly]


_TABLES: dict[tuple[int, int], list[int]] = {}


def _shifted(byte: int, bits: int, poly: int) -> int:
    value, full = byte << (bits - 8), (1 << bits) - 1
    for _ in range(8):
        value = (value << 1 & full) ^ (poly if value >> (bits - 1) else 0)
    return value


def mp3(seconds: float) -> bytes:
    """Silence: frames of MPEG-1 layer III, 128 kbit/s, 44.1 kHz, with nothing in them."""
    frame = b"\xff\xfb\x90\x64" + bytes(413)
    return b"ID3\4" + bytes(6) + frame * max(1, math.ceil(seconds * 44_100 / 1152))


_OPUS_SILENCE = b"\xf8\xff\xfe"
"""A packet of 20 ms, mono."""


def opus(seconds: float) -> bytes:
    """Silence as Ogg Opus."""
    head = b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 312, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 7) + b"vastgui" + struct.pack("<I", 0)
    count = max(1, math.ceil(seconds * 50))
    pages = [_ogg_page(2, 0, 0, [head]), _ogg_page(0, 0, 1, [tags])]
    for first in range(0, count, 250):
        packets = [_OPUS_SILENCE] * min(250, count - first)
        done = first + len(packets)
        pages.append(_ogg_page(4 * (done == count), done * 960, len(pages), packets))
    return b"".join(pages)


def _ogg_page(flags: int, position: int, number: int, packets: Sequence[bytes]) -> bytes:
    head = struct.pack("<4sBBQII", b"OggS", 0, flags, position, 1, number)
    sizes = bytes([len(packets), *map(len, packets)])
    body = sizes + b"".join(packets)
    check = _crc(head + bytes(4) + body, 32, 0x04C11DB7)
    return head + struct.pack("<I", check) + body


def tone(frequency: float, seconds: float, rate: int) -> Iterable[int]:
    """Samples of a soft sine; 0 Hz is silence."""
    turn = math.tau * frequency / rate
    return (round(9000 * math.sin(turn * n)) for n in range(int(seconds * rate)))
