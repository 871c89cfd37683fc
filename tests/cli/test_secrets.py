"""Secrets go in by a prompt or standard input and never come out again."""

import io
import sys
from collections.abc import Callable

import pytest

from vastgui.config import Paths
from vastgui.secretstore import SecretStore
from vastgui.state.secret import Secret

Call = Callable[..., tuple[int, str, str]]


def test_a_secret_from_a_pipe_is_kept_listed_and_deleted(
    vastgui: Call, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CIVITAI_TOKEN", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO("canary-77\n"))
    code, out, err = vastgui("secret", "set", "civitai_token")
    assert (code, err) == (0, "")
    assert out == (
        "civitai_token is kept in a file that only you can read, not encrypted "
        "(VASTGUI_HOME is set).\n"
    )
    assert SecretStore(paths).get("civitai_token") == Secret("canary-77")
    assert vastgui("secret", "list") == (0, "civitai_token\n", "")
    assert vastgui("secret", "delete", "civitai_token")[0] == 0
    assert vastgui("secret", "list") == (0, "", "")


def test_an_empty_value_or_a_missing_name_is_refused(
    vastgui: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    assert vastgui("secret", "set", "hf_token")[0] == 2
    assert vastgui("secret", "set")[0] == 2


def test_a_value_in_the_command_line_is_not_taken(vastgui: Call) -> None:
    assert vastgui("secret", "set", "hf_token", "canary-78")[0] == 2
