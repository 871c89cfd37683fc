"""A file is what its first bytes say; only what cannot run is shown inside a page."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vastgui.comfy.media import HEAD_BYTES, sniff


def picture(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, kind)
    return file.getvalue()


def box(brand: bytes) -> bytes:
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0isommp42"


EBML = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82"

SHOWN = {
    "PNG": (picture("PNG"), "image", "image/png"),
    "JPEG": (picture("JPEG"), "image", "image/jpeg"),
    "GIF": (picture("GIF"), "image", "image/gif"),
    "WebP": (picture("WEBP"), "image", "image/webp"),
    "MP4": (box(b"isom"), "video", "video/mp4"),
    "MP4 by mp42": (box(b"mp42"), "video", "video/mp4"),
    "sound in MP4": (box(b"M4A "), "audio", "audio/mp4"),
    "WebM": (EBML + b"\x84webm", "video", "video/webm"),
    "Ogg": (b"OggS\0\x02" + b"\0" * 20 + b"\x01\x1e\x01vorbis", "audio", "audio/ogg"),
    "Opus": (b"OggS\0\x02" + b"\0" * 20 + b"\x01\x13OpusHead", "audio", "audio/ogg"),
    "Theora": (b"OggS\0\x02" + b"\0" * 20 + b"\x01\x2a\x80theora", "video", "video/ogg"),
    "MP3 with tags": (b"ID3\x04\0\0\0\0\0\0", "audio", "audio/mpeg"),
    "MP3": (b"\xff\xfb\x90\x64\0\0", "audio", "audio/mpeg"),
    "WAV": (b"RIFF\x24\0\0\0WAVEfmt ", "audio", "audio/wav"),
    "FLAC": (b"fLaC\0\0\0\x22", "audio", "audio/flac"),
}
DOWNLOADED = {
    "AVIF": (picture("AVIF"), "image"),
    "BMP": (picture("BMP"), "image"),
    "TIFF": (picture("TIFF"), "image"),
    "EXR": (b"v/1\x01\x02\0\0\0", "image"),
    "HEIC": (box(b"heic"), "image"),
    "QuickTime": (box(b"qt  "), "video"),
    "Matroska": (EBML + b"\x88matroska", "video"),
    "AVI": (b"RIFF\x24\0\0\0AVI LIST", "video"),
    "glTF": (b"glTF\x02\0\0\0", "3d"),
    "PLY": (b"ply\nformat ascii 1.0\n", "3d"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "text"),
    "HTML": (b"<!doctype html>", "text"),
    "XML": (b'<?xml version="1.0"?>', "text"),
    "HTML in UTF-16": ("<html>".encode("utf-16"), "other"),
    "PDF": (b"%PDF-1.7\n", "other"),
    "JSON": ('{"ü": 1}'.encode(), "text"),
    "a text cut in a letter": (b"a" * (HEAD_BYTES - 1) + "ü".encode(), "text"),
    "Latin-1": ("Größe".encode("latin-1"), "other"),
    "a latent": (struct.pack("<Q", 80) + b'{"latent_tensor"', "other"),
    "ZIP": (b"PK\x03\x04", "other"),
    "AAC": (b"\xff\xf1\x50\x80", "other"),
    "an unknown box": (box(b"evil"), "other"),
    "BM and more": (b"BM<script>alert(1)</script>", "text"),
    "empty": (b"", "other"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_shown_inside_a_page(name: str) -> None:
    head, kind, media_type = SHOWN[name]
    media = sniff(head)
    assert (media.kind, media.media_type, media.inline) == (kind, media_type, True)


@pytest.mark.parametrize("name", DOWNLOADED)
def test_only_downloaded(name: str) -> None:
    head, kind = DOWNLOADED[name]
    media = sniff(head)
    assert (media.kind, media.inline) == (kind, False)
    assert not {"svg", "xml", "html", "pdf"} & set(media.media_type.replace("+", "/").split("/"))


@given(st.binary(max_size=64))
def test_any_bytes_have_an_answer(head: bytes) -> None:
    media = sniff(head)
    assert media.kind in {"image", "video", "audio", "3d", "text", "other"}
    assert not media.inline or media.kind in {"image", "video", "audio"}
