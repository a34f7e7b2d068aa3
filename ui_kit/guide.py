"""The user guide of `docs/guide`, read in the app: which chapters there are, and their pages for one face.

`docs/guide/README.md` is the table of contents: a heading for each part, a line for each chapter. A `Guide` is what one
face shows of it: clients their own part alone. Links to what a face does not show become plain words.
"""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flask import Response, abort, render_template, send_file
from markupsafe import Markup

from ui_kit import guide_text

HOME = Path(__file__).resolve().parent.parent / "docs" / "guide"
PARTS = ("owner", "client", "sitter")
#: pictures are the same for everybody, and change with the program only
KEEP_PICTURES = "private, max-age=86400"

_LINE = re.compile(r"- \[([^\]]+)\]\((\w+)/([\w-]+)\.md\): (.+)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Chapter:
    """One file of the guide; `about` is its line in the table of contents."""

    part: str
    name: str
    title: str
    about: str

    @property
    def text(self) -> str:
        """Its Markdown."""
        return (HOME / self.part / f"{self.name}.md").read_text("utf-8")

    def target(self, link: str) -> str:
        """A link of this chapter, as a path inside the guide: `client/pay.md`."""
        return posixpath.normpath(posixpath.join(self.part, link))

    @property
    def pictures(self) -> frozenset[str]:
        """The file names of its pictures."""
        targets = (self.target(link) for link in _LINK.findall(self.text))
        return frozenset(t.removeprefix("pictures/") for t in targets if t.startswith("pictures/"))


@cache
def contents() -> tuple[tuple[str, tuple[Chapter, ...]], ...]:
    """The parts in their order, each with its heading and its chapters. Read once per process."""
    parts: list[tuple[str, tuple[Chapter, ...]]] = []
    for piece in (HOME / "README.md").read_text("utf-8").split("\n## ")[1:]:
        heading, _line, lines = piece.partition("\n")
        found = [Chapter(m[2], m[3], m[1], m[4].strip()) for m in map(_LINE.fullmatch, lines.strip().splitlines()) if m]
        if found:
            parts.append((heading.strip(), tuple(found)))
    return tuple(parts)


@dataclass(frozen=True)
class Guide:
    """What one face shows: the parts named, under the address `base`. `layout` is the template of the face's frame."""

    base: str
    parts: tuple[str, ...]
    layout: str

    def shown(self) -> list[tuple[str, Sequence[Chapter]]]:
        """Its part of the table of contents, its own part first."""
        found = [one for one in contents() if one[1][0].part in self.parts]
        return sorted(found, key=lambda one: self.parts.index(one[1][0].part))

    def chapters(self) -> list[Chapter]:
        """All that it shows, in order."""
        return [chapter for _heading, chapters in self.shown() for chapter in chapters]

    def url(self, part: str, name: str) -> str:
        """The address of a chapter."""
        return f"{self.base}{part}/{name}"

    def index(self) -> str:
        """The table of contents as a page."""
        return render_template("ui/guide.html", layout=self.layout, guide=self, nav="help")

    def page(self, part: str, name: str) -> str:
        """A chapter as a page, or 404."""
        found = self.chapters()
        at = next((n for n, one in enumerate(found) if (one.part, one.name) == (part, name)), None)
        if at is None:
            abort(404)
        own = [one if one.part == part else None for one in found]
        return render_template(
            "ui/guide_chapter.html", layout=self.layout, guide=self, nav="help", chapter=found[at], text=_html(self, found[at]),
            before=own[at - 1] if at else None, after=own[at + 1] if at + 1 < len(own) else None,
        )  # fmt: skip

    def picture(self, name: str) -> Response:
        """A picture that one of its chapters shows, or 404."""
        path = HOME / "pictures" / name
        if not any(name in chapter.pictures for chapter in self.chapters()) or not path.is_file():
            abort(404)
        answer = send_file(path, mimetype="image/webp")
        answer.headers["Cache-Control"] = KEEP_PICTURES
        return answer

    def address(self, chapter: Chapter, link: str) -> str | None:
        """Where a link of a chapter leads on this face's pages; None when it leads out of them."""
        if link.startswith(("https://", "#")):
            return link
        path, mark, place = chapter.target(link).partition("#")
        if path.startswith("pictures/"):
            return self.base + path
        part, _slash, file = path.partition("/")
        if part in self.parts and file.endswith(".md"):
            return self.url(part, file.removesuffix(".md")) + mark + place
        return self.base if path == "README.md" else None


@cache
def _html(guide: Guide, chapter: Chapter) -> Markup:
    """The chapter below its title, made once per process and face."""
    _title, _line, text = chapter.text.partition("\n")
    return guide_text.html(text, lambda link: guide.address(chapter, link))
