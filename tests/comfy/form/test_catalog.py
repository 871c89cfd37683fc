"""What a server said of its nodes is kept; what is damaged counts as not there."""

import gzip
import json
import stat
import time
from pathlib import Path

import pytest

from vastgui.comfy.catalog import MAX_JSON_BYTES, Catalog
from vastgui.errors import StorageError

KSAMPLER = {"KSampler": {"input": {}, "output": ["LATENT"]}}


def test_it_comes_back_with_its_version(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog")
    assert catalog.load("vast-1") is None
    catalog.save("vast-1", "0.3.64", KSAMPLER)
    found = catalog.load("vast-1")
    assert found is not None
    assert (found.object_info, found.version) == (KSAMPLER, "0.3.64")
    assert time.time() - found.saved_at < 10
    (path,) = catalog.folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    catalog.save("vast-1", "0.4.0", {})
    assert catalog.best("vast-1").version == "0.4.0"
    assert len(list(catalog.folder.iterdir())) == 1


def test_keys_never_meet_whatever_they_hold(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog")
    keys = ["a/../b", "a/.._b", "../../x", "[::1]:22", "local:8188", "x" * 300, "ü"]
    for key in keys:
        catalog.save(key, key, {})
    assert [c.version for key in keys if (c := catalog.load(key))] == keys
    assert sorted(tmp_path.iterdir()) == [tmp_path / "catalog"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"junk",
        gzip.compress(b"[]", mtime=0),
        gzip.compress(b'{"object_info": 5}', mtime=0),
        gzip.compress(b"{}", mtime=0)[:-9],
    ],
)
def test_a_damaged_file_is_no_word_of_a_server(tmp_path: Path, content: bytes) -> None:
    catalog = Catalog(tmp_path)
    catalog.save("k", "1", KSAMPLER)
    next(tmp_path.iterdir()).write_bytes(content)
    assert catalog.load("k") is None
    assert catalog.best("k").is_shipped


def test_a_file_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    catalog.save("k", "1", KSAMPLER)
    bomb = gzip.compress(b" " * (MAX_JSON_BYTES + 1), 1, mtime=0)
    next(tmp_path.iterdir()).write_bytes(bomb)
    assert catalog.load("k") is None


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        Catalog(tmp_path / "file" / "catalog").save("k", "1", {})


def test_the_shipped_nodes_are_those_of_a_bare_comfyui() -> None:
    shipped = Catalog(Path("/nonexistent")).shipped()
    assert (shipped.version, shipped.is_shipped) == ("0.3.64", True)
    assert len(shipped.object_info) > 450
    modules = {info["python_module"].split(".")[0] for info in shipped.object_info.values()}
    assert modules == {"nodes", "comfy_extras", "comfy_api_nodes"}
    assert not any(name.startswith("Rig") for name in shipped.object_info)
    assert shipped.object_info["LoadImage"]["input"]["required"]["image"][0] == []
    assert "pic.png" not in json.dumps(shipped.object_info)
