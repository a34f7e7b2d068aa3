"""Every pair of text and ground that the sheet uses reaches WCAG AA, in light and in dark."""

import re

import pytest

from ui_kit import assets

TOKENS = (assets.HERE / "static/tokens.css").read_text()
PAIR = re.compile(r"--([a-z0-9-]+):\s*(#[0-9a-f]{3,6})\b")
BLOCKS = re.split(r"(?=@media screen)", TOKENS)
LIGHT = dict(PAIR.findall(BLOCKS[0]))
DARK = {**LIGHT, **dict(PAIR.findall(BLOCKS[1]))}
CHOSEN_DARK = {**LIGHT, **dict(PAIR.findall(BLOCKS[2]))}

TEXT = [
    *[(t, g) for t in ("text", "text-2", "text-3") for g in ("bg", "surface", "surface-2")],
    ("text", "surface-3"), ("text-2", "surface-3"),
    ("brand", "bg"), ("brand", "surface"), ("brand-hover", "surface"), ("on-brand", "brand"), ("on-brand", "brand-hover"),
    ("brand-ink", "brand-soft"), ("req-ink", "req-soft"), ("info-ink", "info-soft"), ("danger-ink", "danger-soft"),
    ("mute-ink", "mute-soft"), ("mute-ink", "surface"), ("mute-ink", "bg"), ("danger", "surface"), ("danger", "bg"), ("on-danger", "danger"), ("on-danger", "danger-hover"),
    ("surface", "info"), ("bg", "text"), ("snap-text", "snap-bg"), ("snap-text", "snap-2"), ("snap-text-2", "snap-bg"), ("snap-text-2", "snap-2"),
    ("side-text", "side-bg"), ("side-text-2", "side-bg"), ("side-text", "side-2"), ("side-text-2", "side-2"), ("on-side-count", "side-count"),
    ("on-sun", "sun"), ("toast-text", "toast-bg"), ("toast-link", "toast-bg"),
    *[(f"on-who-{n}", f"who-{n}") for n in range(1, 5)],
]  # fmt: skip
SHAPES = [
    ("line-strong", "surface"), ("line-strong", "bg"), ("brand", "surface"), ("req-line", "surface"), ("danger", "surface"),
    ("focus", "surface"), ("focus", "bg"), ("info", "surface"), ("sun", "snap-bg"), ("sun", "side-bg"), ("side-count", "side-bg"),
]  # fmt: skip


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(c * 2 for c in digits)
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_reaches_4_5(theme: dict[str, str]) -> None:
    weak = {f"{t} on {g}": round(r, 2) for t, g in TEXT if (r := ratio(theme[t], theme[g])) < 4.5}
    assert weak == {}


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_edges_and_signs_reach_3(theme: dict[str, str]) -> None:
    weak = {f"{t} on {g}": round(r, 2) for t, g in SHAPES if (r := ratio(theme[t], theme[g])) < 3}
    assert weak == {}


def test_dark_is_the_same_whether_the_device_or_the_reader_asks() -> None:
    assert DARK == CHOSEN_DARK


def test_every_token_that_the_sheet_names_exists() -> None:
    css = (assets.HERE / "static/ui.css").read_text()
    known = set(re.findall(r"--([a-z0-9-]+)\s*:", TOKENS + css))
    assert {name for name in re.findall(r"var\(--([a-z0-9-]+)", css + TOKENS) if name not in known} == set()
