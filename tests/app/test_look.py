"""The colours of theme.css can be read: WCAG 2 AA, 4.5 to 1, in both looks."""

import re

import pytest

from vastgui.config import assets_dir

AA = 4.5
TEXTS = ("text", "muted", "faint", "accent-text", "ok", "run", "wait", "bad", "off")
TINTED = ("accent-text", "ok", "run", "wait", "bad", "off")
TINT = 0.13

Rgb = tuple[float, float, float]


def colours(selector: str) -> dict[str, Rgb]:
    css = (assets_dir() / "theme.css").read_text(encoding="utf-8")
    block = css[css.index(f"\n{selector} {{") :].partition("}")[0]
    return {n: rgb(v) for n, v in re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)}


def rgb(colour: str) -> Rgb:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def over(colour: Rgb, ground: Rgb, share: float) -> Rgb:
    red, green, blue = (a * share + b * (1 - share) for a, b in zip(colour, ground, strict=True))
    return red, green, blue


def luminance(colour: Rgb) -> float:
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Rgb, other: Rgb) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("look", [":root", ".body--dark"])
def test_text_can_be_read(look: str) -> None:
    found = colours(look)
    pairs = {f"{t} on {g}": (found[t], found[g]) for t in TEXTS for g in ("bg", "panel")}
    for name in TINTED:  # a tag stands on a tint of its own colour
        pairs[f"{name} as tag"] = (found[name], over(found[name], found["panel"], TINT))
    too_low = {name: round(contrast(*pair), 2) for name, pair in pairs.items()}
    assert {name: ratio for name, ratio in too_low.items() if ratio < AA} == {}


@pytest.mark.parametrize("look", [":root", ".body--dark"])
def test_a_primary_button_can_be_read(look: str) -> None:
    found = colours(look)
    assert contrast(found["on-accent"], found["fill"]) >= AA
