"""What holds for every template of the repository: the CSP's rules, icons that exist, no foreign words."""

import re
from functools import cache
from pathlib import Path

import pytest

from ui_kit import assets

ROOT = Path(__file__).resolve().parents[2]
# Mails must carry their styles with them, and xhtml2pdf reads its own; neither meets our CSP.
ELSEWHERE = {"mail_templates", "documents", "mailer"}
TEMPLATES = sorted(
    path for path in ROOT.glob("*/templates/**/*.html") if path.relative_to(ROOT).parts[0] not in ELSEWHERE
)
COMMENTS = re.compile(r"{#.*?#}", re.DOTALL)


@cache
def source(path: Path) -> str:
    return COMMENTS.sub("", path.read_text("utf-8"))


def found(pattern: str) -> dict[str, list[str]]:
    """What of this stands in which template."""
    wanted = re.compile(pattern)
    return {str(path.relative_to(ROOT)): here for path in TEMPLATES if (here := wanted.findall(source(path)))}


def test_there_are_templates_to_look_at() -> None:
    assert ROOT / "ui_kit/templates/ui/base.html" in TEMPLATES


@pytest.mark.parametrize(
    "pattern",
    [
        r"""\sstyle\s*=\s*["'{]""",
        r"""['"]style['"]\s*:""",
        r"<style\b",
        r"""\son[a-z]+\s*=\s*["'{]""",
        r"(?i)javascript:",
        r"<script\b(?![^>]* src=)(?![^>]*application/json)[^>]*>",
        r"\bhx-(?:on|vals=['\"]js:|vars)",
    ],
)
def test_nothing_inline_that_the_csp_would_block(pattern: str) -> None:
    assert found(pattern) == {}


def test_every_icon_is_in_the_sprite() -> None:
    named, there = found(r"\bicon\('([a-z0-9-]+)'"), assets.icon_names()
    assert named
    assert {path: names for path, names in named.items() if not set(names) <= set(there)} == {}


def test_macros_are_imported_without_context_so_that_they_are_kept() -> None:
    assert found(r"import 'ui/_ui\.html' as \w+ with context") == {}


def test_no_link_leads_nowhere() -> None:
    assert found(r'href=""|href="#"') == {}


OURS = [path for path in TEMPLATES if path.is_relative_to(ROOT / "ui_kit")]
SAID = re.compile(r"_\(\s*(?:'([^']+)'|\"([^\"]+)\")")


def test_the_tone() -> None:
    words = re.compile(r"submit|invalid|oops|entity|administrator|!", re.IGNORECASE)
    said = [(path.name, a or b) for path in (*OURS, ROOT / "ui_kit/errors.py") for a, b in SAID.findall(source(path))]
    assert [(name, text) for name, text in said if words.search(text)] == []


def test_no_text_is_looked_up_when_the_macros_are_loaded() -> None:
    """An imported template is kept between requests: a text at its top level would keep the first reader's language."""
    text = source(ROOT / "ui_kit/templates/ui/_ui.html")
    outside = re.sub(r"{%-?\s*macro\b.*?{%-?\s*endmacro\s*-?%}", "", text, flags=re.DOTALL)
    assert "_(" not in outside


def test_raw_colours_live_in_tokens_only() -> None:
    css = (assets.HERE / "static/ui.css").read_text()
    kept = {"#fff", "#000", "#17365a", "#e3edfb", "#2c3b35"}  # on panels that are blue in both themes; print; the paw
    rules = [line for line in css.splitlines() if not line.lstrip().startswith((".ui-pet", "@font-face"))]
    assert {c for line in rules for c in re.findall(r"#[0-9a-f]{3,8}\b", line)} <= kept
