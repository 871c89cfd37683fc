"""A secret shows a mask in every text, and nothing takes it along by accident."""

import copy
import json
import logging
import pickle
import traceback

import pytest

from vastgui.state.secret import MASK, Secret

KEY = Secret("canary-51c0ffee")


@pytest.mark.parametrize(
    "text",
    [f"{KEY}", str(KEY), repr(KEY), "%s" % KEY, f"{KEY!r:>3}", f"{[KEY]}", json.dumps(str(KEY))],  # noqa: UP031 -- one more way to make a text
)
@pytest.mark.row("S42")
def test_every_text_of_it_is_the_mask(text: str) -> None:
    assert "canary" not in text
    assert MASK in text or "\\u2022" in text


def test_only_reveal_gives_the_value() -> None:
    assert KEY.reveal() == "canary-51c0ffee"
    assert not hasattr(KEY, "__dict__")


def test_it_equals_only_another_secret() -> None:
    assert Secret("canary-51c0ffee") == KEY
    assert Secret("canary-51c0fffe") != KEY
    assert KEY != "canary-51c0ffee"
    with pytest.raises(TypeError):
        {KEY}  # noqa: B018 -- the hash is what is asked for


@pytest.mark.parametrize("take", [json.dumps, pickle.dumps, copy.deepcopy])
def test_nothing_takes_it_along(take: object) -> None:
    with pytest.raises(TypeError):
        take(KEY)  # type: ignore[operator]


@pytest.mark.row("S42")
def test_an_error_made_of_it_shows_the_mask(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ValueError(f"{KEY} was refused")
    except ValueError as error:
        shown = "".join(traceback.format_exception(error))
        logging.getLogger("test").exception("It failed with %s.", KEY)
    assert f"ValueError: {MASK} was refused" in shown
    assert "canary" not in caplog.text
