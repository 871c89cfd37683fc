import pytest

from vastgui.cli.words import clipped, duration, plain, size, when


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (0.62, "0.6 s"),
        (42.2, "42 s"),
        (59.7, "1 min"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (7200, "2 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (12_300_000, "12.3 MB"), (5e15, "5000.0 TB")],
)
def test_sizes(count: float, text: str) -> None:
    assert size(count) == text


def test_impossible_times_are_a_dash() -> None:
    assert [when(None), when(1e30)] == ["-", "-"]
    assert when(1_000_000).startswith("1970-01-1")


def test_plain_keeps_words_and_drops_what_steers() -> None:
    assert plain("Größe ✓ 漢字") == "Größe ✓ 漢字"
    assert plain("a\x1b[31mb\u202ec\n").isprintable()


def test_clipping_shows_its_loss() -> None:
    assert [clipped("abc", 3), clipped("abcd", 3)] == ["abc", "ab…"]
