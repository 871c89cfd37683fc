import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vastgui.ssh.lines import LONGEST_LINE, LineSplitter, clean


def split(*pieces: bytes) -> list[str]:
    splitter = LineSplitter()
    return [line for piece in pieces for line in splitter.feed(piece)] + splitter.flush()


def test_carriage_returns_end_lines_too() -> None:
    assert split(b"Receiving: 1%\rReceiving: 2%\rdone.\nnext") == [
        "Receiving: 1%", "Receiving: 2%", "done.", "next",
    ]  # fmt: skip


def test_a_break_across_pieces_counts_once() -> None:
    assert split(b"one\r", b"\ntwo\n", b"\nthree\r", b"four") == ["one", "two", "", "three", "four"]


def test_a_character_across_pieces_stays_whole() -> None:
    assert split("ü".encode()[:1], "ü".encode()[1:], b"\xff\n") == ["ü\N{REPLACEMENT CHARACTER}"]


def test_a_line_without_end_is_handed_out_in_parts() -> None:
    lines = split(b"x" * (3 * LONGEST_LINE), b"\n")
    assert "".join(lines) == "x" * 3 * LONGEST_LINE
    assert max(map(len, lines)) <= LONGEST_LINE


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=6))
def test_the_pieces_do_not_matter(data: bytes, cuts: list[int]) -> None:
    borders = [0, *sorted(cuts), len(data)]
    pieces = [data[a:b] for a, b in itertools.pairwise(borders)]
    assert split(*pieces) == split(data)


DIRTY = {
    "\x1b[31mred\x1b[0m": "red",
    "\x1b]0;title\x07text": "text",
    "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\": "link",
    "a\x00b\x07c\x7f": "abc",
    "user\u202etxt.exe": "usertxt.exe",
    "tab\tstop": "tab    stop",
    "\x1b[2J\x1b[1;1Hgone": "gone",
    "\x9b31mc1": "c1",
    "ünïcödé 漢字 🎨": "ünïcödé 漢字 🎨",
    "\x1b": "",
}


@pytest.mark.row("S40")
@pytest.mark.parametrize(("dirty", "plain"), DIRTY.items(), ids=map(ascii, DIRTY))
def test_clean(dirty: str, plain: str) -> None:
    assert clean(dirty) == plain


@pytest.mark.row("S40")
@given(st.text())
def test_clean_leaves_nothing_invisible(text: str) -> None:
    cleaned = clean(text)
    assert "\x1b" not in cleaned
    assert not any(c < " " or "\x7f" <= c < "\xa0" or c in "\u202a\u202e\u2066" for c in cleaned)
