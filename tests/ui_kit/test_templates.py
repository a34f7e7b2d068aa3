"""What holds for every template of the repository: the CSP's rules, icons that exist, no foreign words."""

import re
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


def each_template(test: object) -> object:
    return pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))(test)


def source(path: Path) -> str:
    return COMMENTS.sub("", path.read_text("utf-8"))


def test_there_are_templates_to_look_at() -> None:
    assert ROOT / "ui_kit/templates/ui/base.html" in TEMPLATES


@each_template
def test_nothing_inline_that_the_csp_would_block(path: Path) -> None:
    text = source(path)
    assert re.findall(r"""\sstyle\s*=\s*["'{]""", text) == []
    assert re.findall(r"""['"]style['"]\s*:""", text) == []
    assert re.findall(r"<style\b", text) == []
    assert re.findall(r"""\son[a-z]+\s*=\s*["'{]""", text) == []
    assert re.findall(r"javascript:", text, re.IGNORECASE) == []
    assert [
        tag for tag in re.findall(r"<script\b[^>]*>", text) if " src=" not in tag and "application/json" not in tag
    ] == []
    assert re.findall(r"\bhx-(?:on|vals=['\"]js:|vars)", text) == []


@each_template
def test_every_icon_is_in_the_sprite(path: Path) -> None:
    named = re.findall(r"\bicon\('([a-z0-9-]+)'", source(path))
    assert [name for name in named if name not in assets.icon_names()] == []


@each_template
def test_macros_are_imported_without_context_so_that_they_are_kept(path: Path) -> None:
    assert re.findall(r"import 'ui/_ui\.html' as \w+ with context", source(path)) == []


@each_template
def test_no_link_leads_nowhere(path: Path) -> None:
    assert re.findall(r'href=""|href="#"', source(path)) == []


OURS = [path for path in TEMPLATES if path.is_relative_to(ROOT / "ui_kit")]
SAID = re.compile(r"_\(\s*(?:'([^']+)'|\"([^\"]+)\")")


@pytest.mark.parametrize("path", [*OURS, ROOT / "ui_kit/errors.py"], ids=lambda path: path.name)
def test_the_tone(path: Path) -> None:
    said = [a or b for a, b in SAID.findall(source(path))]
    words = re.compile(r"submit|invalid|oops|entity|administrator|!", re.IGNORECASE)
    assert [text for text in said if words.search(text)] == []


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
