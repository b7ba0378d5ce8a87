"""The colours of marks can be told apart by everybody, and text can be read."""

import re
from collections.abc import Iterator
from importlib.resources import files
from itertools import combinations

import pytest

Colour = tuple[float, float, float]

STYLE = (files("enforcer.dashboard") / "static" / "dashboard.css").read_text("utf-8")
MARKS = ("refused", "in-use", "named", "can-go")
TEXTS = ("text", "soft", "faint", "link", "good", "worse", "bad")

# G. M. Machado and others, "A Physiologically-based Model for Simulation of Color Vision
# Deficiency" (2009), severity 1, for linear RGB.
SIGHTS = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no green cones (deuteranopia)": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no red cones (protanopia)": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
}
# A difference of 2.3 is just noticeable side by side; marks lie apart, and are small.
APART = 20.0


def colour(name: str, theme: int) -> Colour:
    """Return a colour of the stylesheet in linear RGB; theme 0 is light, 1 is dark."""
    found = re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", STYLE)
    assert found, name
    text = found[theme + 1].lstrip("#")
    parts = (int(text[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return red, green, blue


def seen(found: Colour, sight: str) -> Colour:
    red, green, blue = (
        min(max(sum(a * b for a, b in zip(row, found, strict=True)), 0.0), 1.0)
        for row in SIGHTS[sight]
    )
    return red, green, blue


def lab(found: Colour) -> Iterator[float]:
    red, green, blue = found
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    yield from (116 * y - 16, 500 * (x - y), 200 * (y - z))


def contrast(one: Colour, other: Colour) -> float:
    lights = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("sight", SIGHTS)
def test_marks_differ(sight: str, theme: int) -> None:
    """Any two of the four colours differ by more than a glance can miss."""
    for one, other in combinations(MARKS, 2):
        pair = [list(lab(seen(colour(name, theme), sight))) for name in (one, other)]
        distance = sum((a - b) ** 2 for a, b in zip(*pair, strict=True)) ** 0.5
        assert distance >= APART, (one, other)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_contrast(theme: int) -> None:
    """Marks have 3 : 1 against a card, texts 4.5 : 1 against cards and the page (WCAG 2.2)."""
    card = colour("card", theme)
    for name in (*MARKS, "unknown"):
        assert contrast(colour(name, theme), card) >= 3, name
    for name in TEXTS:
        for back in ("card", "page", "inset"):
            assert contrast(colour(name, theme), colour(back, theme)) >= 4.5, (name, back)


def test_there_are_four_colours() -> None:
    """Every other fill is text, a background, or the grey of what is not known."""
    fills = set(re.findall(r"(?:fill|background|border-top-color): var\(--([\w-]+)\)", STYLE))
    known = {"text", "soft", "card", "inset", "page", "unknown", "good", "bad", "accent", "rule"}
    backs = {name for name in fills if name.endswith(("-back", "-soft"))}
    assert fills - known - backs <= set(MARKS)
