"""The shipped workflows, the user's own, their presets and pinned fields."""

import json
import os
import stat
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from vastgui.comfy.catalog import Catalog
from vastgui.comfy.convert import missing_types, to_api_prompt
from vastgui.comfy.form import fields
from vastgui.config import assets_dir
from vastgui.errors import InvalidInput
from vastgui.library import Broken, Library, LibraryWorkflow

CORE = Catalog(Path("/nonexistent")).shipped().object_info
SHIPPED = [
    "blend-two-images",
    "colour-card",
    "image-to-image",
    "invert-and-resize",
    "text-to-image",
]
API: dict[str, Any] = {"1": {"class_type": "EmptyImage", "inputs": {"width": 8}}}
WITHOUT_MODELS = {"blend-two-images", "colour-card", "invert-and-resize"}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(assets_dir(), tmp_path / "workflows")


def png(**texts: str) -> bytes:
    """One pixel that carries texts, as ComfyUI writes them."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))]
    chunks += [(b"tEXt", f"{k}\0{v}".encode("latin-1")) for k, v in texts.items()]
    chunks += [(b"IDAT", zlib.compress(b"\0\0\0\0")), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_workflow_needs_core_nodes_only(library: Library, name: str) -> None:
    workflow = library.get(name)
    assert (workflow.name, workflow.user) == (name, False)
    assert 20 < len(workflow.summary) < 120
    assert "Needs " in workflow.description
    assert workflow.preview is not None
    assert 300 < workflow.preview.stat().st_size < 60_000
    assert workflow.preview.read_bytes().startswith(b"\x89PNG")
    graph = workflow.read().graph
    assert missing_types(graph, CORE) == []
    prompt = to_api_prompt(graph, CORE)
    assert len(prompt) == len(graph["nodes"])
    assert prompt[str(graph["last_node_id"])]["class_type"] == "SaveImage"
    needs_model = any(f.role == "checkpoint" for f in fields(prompt, CORE))
    assert needs_model is (name not in WITHOUT_MODELS)


def test_all_are_listed(library: Library) -> None:
    assert [w.name for w in library.all()] == SHIPPED


def test_an_added_workflow_gets_a_free_safe_name(library: Library) -> None:
    data = json.dumps(API).encode()
    names = [
        library.add(n, data).name for n in ("Mein Bild (2).json", "../../etc/passwd", "", "..")
    ]
    assert names == ["Mein-Bild-2", "passwd", "workflow", "workflow-2"]
    assert library.add("colour-card.json", data).name == "colour-card-2"
    assert library.add("COLOUR-CARD.json", data).name == "COLOUR-CARD-3"
    assert library.get("passwd").read().graph == API
    assert stat.S_IMODE(library.get("passwd").path.stat().st_mode) == 0o600
    assert [w.name for w in library.all() if isinstance(w, LibraryWorkflow) and w.user] == sorted(
        [*names, "colour-card-2", "COLOUR-CARD-3"]
    )


def test_a_picture_is_kept_with_what_it_was_made_with(library: Library) -> None:
    graph = library.get("text-to-image").read().graph
    prompt = to_api_prompt(graph, CORE)
    prompt["4"]["inputs"]["seed"] = 2**64 - 1
    added = library.add("cat.png", png(prompt=json.dumps(prompt), workflow=json.dumps(graph)))
    assert added.preview is not None
    assert added.preview.name == "preview.png"
    workflow = added.read()
    assert (workflow.kind, workflow.name, workflow.graph) == ("ui", "cat", graph)
    assert workflow.api is not None
    assert workflow.api["4"]["inputs"]["seed"] == 2**64 - 1


@pytest.mark.parametrize("data", [b"", b"hello", b"[1]", b'{"a": 1}', png(), b"\x89PNG\r\n\x1a\n"])
def test_what_holds_no_workflow_is_refused_by_its_name(library: Library, data: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        library.add("notes.png", data)
    assert refused.value.field == "notes.png"
    assert len(library.all()) == len(SHIPPED)


def test_removing_can_be_undone(library: Library) -> None:
    library.add("mine.json", json.dumps(API).encode())
    token = library.remove("mine")
    assert "mine" not in library.names()
    library.add("mine.json", json.dumps(API).encode())
    assert library.restore(token) == "mine-2", "its name was taken meanwhile"
    for wrong in (token, "../x~1", "mine~", "~5", ""):
        with pytest.raises(InvalidInput, match="no longer"):
            library.restore(wrong)
    for name in ("colour-card", "../mine", "nowhere", ""):
        with pytest.raises(InvalidInput, match="none of your own"):
            library.remove(name)


def test_a_broken_one_is_shown_with_its_reason(library: Library) -> None:
    folder = library.user_dir / "broken"
    folder.mkdir(parents=True)
    assert [(w.name, type(w)) for w in library.all()][-1] == ("broken", Broken)
    (folder / "workflow.json").write_text("{")
    (broken,) = (w for w in library.all() if isinstance(w, Broken))
    assert "JSON" in broken.error
    with pytest.raises(InvalidInput, match="cannot be used"):
        library.get("broken")
    os.unlink(folder / "workflow.json")
    os.mkfifo(folder / "workflow.json")
    assert isinstance(library.all()[-1], Broken), "a pipe is not waited for"


def test_the_users_own_replaces_a_shipped_one(library: Library) -> None:
    folder = library.user_dir / "colour-card"
    folder.mkdir(parents=True)
    (folder / "workflow.json").write_text(json.dumps(API))
    (folder / "description.md").write_text("# My card\n\nShort.\n\nMore.\n")
    found = library.get("colour-card")
    assert (found.user, found.label, found.summary, found.description) == (
        True, "My card", "Short.", "More.",
    )  # fmt: skip
    assert [w.name for w in library.all()] == SHIPPED


def test_a_workflow_is_opened_by_name_path_or_bytes(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "my.flow.json"
    path.write_text(json.dumps(API))
    assert library.open("colour-card").name == "colour-card"
    assert library.open(str(path)).name == library.open(path).name == "my.flow"
    assert library.open(path, "v1.5 test").name == "v1.5 test"
    assert library.open(path.read_bytes(), "given").graph == API
    with pytest.raises(InvalidInput, match="Did you mean colour-card"):
        library.open("color-card")
    for wrong in (tmp_path / "no.json", tmp_path, "/dev/null/x"):
        with pytest.raises(InvalidInput, match="no file"):
            library.open(wrong)


def test_a_changed_file_is_read_again(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(API))
    library.open(path)
    path.write_text(json.dumps(API | {"22": API["1"]}))
    assert len(library.open(path).graph) == 2


def test_presets_and_pinned_fields_are_kept_by_workflow(library: Library) -> None:
    likes = library.preferences
    likes.save_preset("a", "  fast   one ", {"3.steps": 8, "3.seed": 2**64 - 1})
    likes.save_preset("a", "slow", {"3.steps": 50})
    likes.save_preset("b", "fast one", {})
    assert likes.presets("a")["fast one"] == {"3.steps": 8, "3.seed": 2**64 - 1}
    likes.delete_preset("a", "fast one")
    assert list(likes.presets("a")) == ["slow"]
    for field in ("6.text", "3.seed", "6.text"):
        likes.pin("a", field)
    assert likes.pinned("a") == ("3.seed", "6.text")
    likes.pin("a", "3.seed", False)
    assert (likes.pinned("a"), likes.pinned("b")) == (("6.text",), ())
    for name in ("", " ", "x" * 81, "a\x00b"):
        with pytest.raises(InvalidInput) as refused:
            likes.save_preset("a", name, {})
        assert refused.value.field == "preset"
    path = library.user_dir.parent / "workflows.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
