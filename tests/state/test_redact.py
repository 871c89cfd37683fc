"""What is known and what looks like a secret leaves every text; the rest stays as it was."""

import base64
import json
import threading
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vastgui.runner.steplog import StepLog
from vastgui.state import events as ev
from vastgui.state.redact import MASK, LineRedactor, Redactor
from vastgui.state.secret import Secret
from vastgui.state.sink import Sink

VALUE = 'pass "word"/ü+1'
FORMS = {
    "plain": VALUE,
    "in a URL": quote(VALUE, safe=""),
    "in a form": quote_plus(VALUE),
    "in JSON": json.dumps(VALUE),
    "as repr": repr(VALUE),
    "in base64": base64.b64encode(VALUE.encode()).decode(),
    "in a Basic header": base64.b64encode(f"user:{VALUE}".encode()).decode(),
    "in base64 for URLs": base64.urlsafe_b64encode(f"u:{VALUE}:v".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.row("S42")
def test_a_known_value_is_found_in_every_form(form: str) -> None:
    shown = Redactor([VALUE]).text(f"begin {form} end")
    assert MASK in shown
    assert form not in shown
    assert shown.startswith("begin ")
    assert shown.endswith(" end")


@given(st.text(min_size=8, max_size=40), st.binary(max_size=7), st.binary(max_size=7))
@pytest.mark.row("S42")
def test_base64_hides_no_value_behind_its_neighbours(
    value: str, before: bytes, after: bytes
) -> None:
    coded = base64.b64encode(before + value.encode() + after).decode()
    assert Redactor([value]).known(coded) != coded


LOOK_ALIKES = {
    "authorization": ("Authorization: Token abc123", "Authorization: •••"),
    "header as JSON": ('{"authorization": "Basic dTpw"}', '{"authorization": "•••"}'),
    "bearer": ("sent Bearer eyJhbGciOi.x-y", "sent Bearer •••"),
    "one-time code": ("GET /_enter?code=Zm9v&to=/runs", "GET /_enter?code=•••&to=/runs"),
    "token in a URL": ("https://c.ai/d/1?type=x&token=ab12cd", "https://c.ai/d/1?type=x&token=•••"),
    "key in a command": ("civitdl --api-key=abcdef", "civitdl --api-key=•••"),
    "environment": ("CIVITAI_TOKEN=0123abcd", "CIVITAI_TOKEN=•••"),
    "JSON": ('"vast_api_key": "0a1b2c3d4e"', '"vast_api_key": "•••"'),
    "hugging face": ("login hf_AbCdEfGhIjKlMnOpQr ok", "login ••• ok"),
    "github": ("ghp_0123456789abcdefXYZ", "•••"),
    "private key": (
        "a\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\nb",
        "a\n•••\nb",
    ),
    "torn private key": ("-----BEGIN RSA PRIVATE KEY-----\nMIIE", "•••"),
}


@pytest.mark.parametrize(("text", "shown"), LOOK_ALIKES.values(), ids=LOOK_ALIKES)
@pytest.mark.row("S42")
def test_what_looks_like_a_secret_is_masked(text: str, shown: str) -> None:
    assert Redactor().text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "The Vast.ai API key is empty or holds characters that no key has.",
        "no API key is stored (add it with `vastgui secret set civitai_token`)",
        "Password: needed",
        "Downloading tokenizers-0.15.2 (3.1 MB)",
        "max_tokens=4096 key=value",
        "the host key SHA256:6Zy2mFq0a",
    ],
)
def test_ordinary_sentences_stay(text: str) -> None:
    assert Redactor().text(text) == text


def test_names_of_files_and_jobs_keep_their_look_alikes() -> None:
    """The runner finds its files by them; what is known goes even there."""
    event = ev.OutputFound(number=1, filename="token=abcdef12.png", subfolder="s3cr3t-value")
    told = Redactor(["s3cr3t-value"]).event(event)
    assert told == ev.OutputFound(number=1, filename="token=abcdef12.png", subfolder=MASK)


def test_facts_of_any_shape_are_cleaned() -> None:
    facts = {"a": [VALUE, {VALUE: (Secret("x"), 1, None)}]}
    assert Redactor([VALUE]).facts(facts) == {"a": [MASK, {MASK: (MASK, 1, None)}]}


def test_a_private_key_told_line_by_line_is_masked_to_its_end() -> None:
    lines = LineRedactor(Redactor())
    told = ["ok", "x-----BEGIN PRIVATE KEY-----", "MIIE", "-----END PRIVATE KEY-----", "after"]
    assert [lines.line(text) for text in told] == ["ok", f"x{MASK}", MASK, MASK, "after"]


def test_short_lived_values_do_not_pile_up() -> None:
    redactor = Redactor(["kept-for-ever"])
    for number in range(1000):
        redactor.learn_passing(f"one-time-{number:04}")
    assert redactor.text("one-time-0999 kept-for-ever") == f"{MASK} {MASK}"
    assert len(redactor._forms) < 200 * 12


def test_values_are_learnt_by_many_threads_at_once() -> None:
    redactor = Redactor()
    values = [[f"value-{i}-{j}" for j in range(50)] for i in range(8)]
    threads = [threading.Thread(target=list, args=(map(redactor.learn, v),)) for v in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(redactor.text(value) == MASK for part in values for value in part)


@pytest.mark.row("S43")
def test_a_sink_is_private_redacts_and_begins_anew_when_big(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("x" * 100)
    path.chmod(0o644)
    sink = Sink(path, Redactor([VALUE]), max_bytes=50)
    sink.write(f"one {VALUE}\ntwo")
    sink.close()
    assert path.read_text() == f"one {MASK}\ntwo\n"
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.row("S42")
def test_a_step_log_never_keeps_half_a_secret(tmp_path: Path) -> None:
    log = StepLog(tmp_path / "a.log", Redactor([VALUE]))
    log.line("x" * 15_995 + VALUE)
    log.close()
    assert "pass" not in (tmp_path / "a.log").read_text()


def test_a_value_that_is_no_text_is_learnt_too() -> None:
    odd = b"odd-\xff-value".decode(errors="surrogateescape")
    assert Redactor([odd]).text(f"x {odd}") == f"x {MASK}"
    assert Secret(odd) == Secret(odd)
