"""The user guide: its links lead somewhere, its pictures are the script's, and its bold words stand on the screens."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from admin_site import help_pages
from client_portal import help_links as portal_links
from docs.screenshots import SHOTS
from sitter_portal import help_links as staff_links
from ui_kit import guide, guide_text

ROOT = guide.HOME.parent.parent
FILES = sorted(guide.HOME.rglob("*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
PICTURE = re.compile(r"!\[([^\]]+)\]\(\.\./pictures/([\w-]+)\.webp\)")
#: on the screen, but put together from pieces or said by the browser
OTHER_WORDS = frozenset()


def anchors(path: Path) -> set[str]:
    return {guide_text.anchor(title) for title in re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)}


def test_every_link_leads_to_a_file_and_a_heading_that_is_there():
    for path in FILES:
        for link in LINK.findall(path.read_text("utf-8")):
            file, _mark, place = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            # Pictures are the business of the next test but one, which says how they are made.
            assert target.is_file() or target.suffix == ".webp", (path.name, link)
            assert target.is_relative_to(ROOT), (path.name, link)
            assert not place or place in anchors(target), (path.name, link)


def test_every_chapter_stands_once_in_the_table_of_contents_under_its_own_title():
    listed = [chapter for _heading, chapters in guide.contents() for chapter in chapters]
    assert sorted((c.part, c.name) for c in listed) == sorted(
        (path.parent.name, path.stem) for path in FILES if path.parent != guide.HOME
    )
    assert {c.part for c in listed} == set(guide.PARTS)
    for chapter in listed:
        assert chapter.text.startswith(f"# {chapter.title}\n"), chapter.name


def test_pictures_are_those_that_the_script_makes_and_are_small():
    shown = [name for path in FILES for _words, name in PICTURE.findall(path.read_text("utf-8"))]
    assert sorted(set(shown)) == sorted(shot.name for shot in SHOTS)
    there = sorted((guide.HOME / "pictures").iterdir())
    assert [path.name for path in there] == sorted(f"{shot.name}.webp" for shot in SHOTS), "run make screenshots"
    sizes = {path.name: path.stat().st_size for path in there}
    assert [name for name, size in sizes.items() if not 2_000 < size < 60_000] == []
    assert sum(sizes.values()) < 1_500_000


def test_pages_of_the_app_lead_to_chapters_that_are_there():
    there = {(c.part, c.name) for _heading, chapters in guide.contents() for c in chapters}
    for part, links in (
        ("owner", help_pages.CHAPTERS | help_pages.OWN_CHAPTERS | help_pages.SETTINGS_CHAPTERS),
        ("client", portal_links.CHAPTERS),
        ("sitter", staff_links.CHAPTERS),
    ):
        assert {name for name in links.values() if (part, name) not in there} == set()


def test_the_keys_of_those_links_are_groups_of_pages(app):
    groups = set(app.blueprints)
    assert set(help_pages.CHAPTERS) | set(help_pages.OWN_CHAPTERS) <= groups
    assert set(portal_links.CHAPTERS) <= groups
    assert set(staff_links.CHAPTERS) <= groups


def test_bold_words_are_words_of_the_screens():
    with (ROOT / "translations/de/LC_MESSAGES/messages.po").open("rb") as file:
        texts = {
            one for message in read_po(file) for one in ([message.id] if isinstance(message.id, str) else message.id)
        }
    unknown = [
        (path.stem, words)
        for path in FILES
        for words in re.findall(r"\*\*([^*]+)\*\*", path.read_text("utf-8").replace("\n", " "))
        if re.sub(r" +", " ", words) not in texts | OTHER_WORDS
    ]
    assert unknown == []


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("a <b> & **c *d* e**", "<p>a &lt;b&gt; &amp; <strong>c <em>d</em> e</strong></p>"),
        ("`{IF CODE} **x**`", "<p><code>{IF CODE} **x**</code></p>"),
        ("## What you owe\n\n1. one\n   more\n2. two", '<h2 id="what-you-owe">What you owe</h2>\n<ol><li>one more</li><li>two</li></ol>'),
        ("[in](a.md) [out](/x)", '<p><a href="/h/a">in</a> out</p>'),
        ('[x"](javascript:alert)', "<p>x&#34;</p>"),
        ("![<i>](p.webp)", '<p><img src="/h/p" alt="&lt;i&gt;" loading="lazy"></p>'),
    ],
)  # fmt: skip
def test_the_little_markdown(text, made):
    assert guide_text.html(text, {"a.md": "/h/a", "p.webp": "/h/p"}.get) == made


def test_nothing_of_the_markdown_is_left_over_in_the_pages():
    for links in (help_pages, portal_links, staff_links):
        for chapter in links.GUIDE.chapters():
            html = str(guide._html(links.GUIDE, chapter))
            assert not re.search(r"\*\*|\]\(|^#|\| ", html, re.MULTILINE), chapter.name
            assert "style=" not in html
