"""A language for tests: every text of the catalogue with accents on its letters, a third longer, and in brackets.

What is read without them on a page went past gettext, or stands in no catalogue. Numbers and dates are written as in Greek,
so that no letter of theirs is taken for English.
"""

import ast
import itertools
import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import flask_babel
import sqlalchemy as sa
from babel.support import NullTranslations

from foundation.db import Base, db
from models import Setting
from translations import texts
from workflows import settings

LOCALE = "el_GR"
PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ODD = "àƀçðéƒğħîĵķļɱñöþǫřšţûṽŵẋýžÀƁÇÐÉƑĞĦÎĴĶĻḾÑÖÞǪŘŠŢÛṼŴẊÝŽ"
_ACCENTS = str.maketrans(PLAIN, ODD)
#: what stays as it is within a text: values, markup, merge codes, addresses
_KEPT = re.compile(r"(%\(\w+\)[sd]|%%|\{[^{}\s]*\}|<[^<>]+>|&\w+;|https?://\S+)")


def pseudo(text: str) -> str:
    """`⟦Ŧéẋţ~⟧`"""
    odd = "".join(part if i % 2 else part.translate(_ACCENTS) for i, part in enumerate(_KEPT.split(text)))
    body, tail = odd.rstrip("\n"), odd[len(odd.rstrip("\n")) :]
    words = max(1, len(text) * 3 // 10)
    more = " ".join("~" * min(8, words - at) for at in range(0, words, 8))
    return f"⟦{body} {more}⟧{tail}"


class PseudoTranslations(NullTranslations):
    """Of a catalogue's texts; any other is given back as it was, and so found."""

    def __init__(self, known: Iterable[str] | None) -> None:
        super().__init__()
        self.known = None if known is None else frozenset(known)

    def _odd(self, text: Any) -> str:
        text = str(text)
        return pseudo(text) if self.known is None or text in self.known else text

    def gettext(self, message: str) -> str:
        return self._odd(message)

    def ngettext(self, one: str, many: str, number: float) -> str:
        return self._odd(one if number == 1 else many)

    def pgettext(self, _context: str, message: str) -> str:
        return self._odd(message)

    def npgettext(self, _context: str, one: str, many: str, number: float) -> str:
        return self._odd(one if number == 1 else many)

    ugettext, ungettext, upgettext, unpgettext = gettext, ngettext, pgettext, npgettext


def speak(monkeypatch: Any) -> None:
    """Let the app in this test speak it; libraries' own texts too. The business's language must be `LOCALE`."""
    ours = PseudoTranslations(form for message in texts.read("de") for form in texts.forms(message.id))
    others = PseudoTranslations(None)
    monkeypatch.setattr(
        flask_babel.Domain, "get_translations", lambda self: ours if self.domain == ["messages"] else others
    )
    monkeypatch.setattr(settings, "LOCALES", (*settings.LOCALES, LOCALE))


def choose(locale: str = LOCALE) -> None:
    """Set the language of the business in the database, past the settings page."""
    db.session.execute(sa.delete(Setting).where(Setting.key == "business.locale"))
    db.session.add(Setting(key="business.locale", value=locale))
    db.session.commit()
    settings.forget()


# --------------------------------------------------------------------------------------------------- what is to be read


class _Reader(HTMLParser):
    """Texts that people read or hear: between tags, and in the attributes that are shown or spoken; not what they type,
    nor what is marked as English, as the user guide is."""

    SILENT = frozenset({"script", "style", "template", "svg", "code", "kbd", "textarea"})
    SPOKEN = frozenset(
        {"title", "alt", "placeholder", "aria-label", "aria-description", "aria-roledescription", "label"}
    )

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []
        self.silent = 0
        #: within an element that says it is English: its tag, and how many of these are open
        self.english, self.depth = "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if self.depth:
            self.depth += tag == self.english
            return
        if given.get("lang") == "en":
            self.english, self.depth = tag, 1
            return
        if tag in self.SILENT or given.get("translate") == "no":
            self.silent += tag in self.SILENT
        for name, value in attrs:
            spoken = name in self.SPOKEN or (name.startswith("data-") and " " in (value or "").strip())
            if value and spoken and value[0] not in "{[":
                self.read.append(value)
        if tag == "input" and given.get("type") in {"submit", "button", "reset"} and given.get("value"):
            self.read.append(str(given["value"]))

    def handle_endtag(self, tag: str) -> None:
        if self.depth:
            self.depth -= tag == self.english
        elif tag in self.SILENT:
            self.silent -= 1

    def handle_data(self, data: str) -> None:
        if not self.silent and not self.depth and data.strip():
            self.read.append(data.strip())


def readable(html: str) -> list[str]:
    reader = _Reader()
    reader.feed(html)
    return reader.read


#: addresses, file names, merge codes, codes of the log, initials and the like
_NO_WORDS = re.compile(
    r"\S+@\S+|https?://\S+|\S*/\S+/\S*|\b\w+\.\w{2,4}\b|\{[^{}]*\}|\b[A-Z]{2,}(?:_[A-Z]+)*\b|\b[a-z_]+\.[a-z_]+\b"
)
_WORD = re.compile(r"(?<!\w)[A-Za-z][A-Za-z'’-]*(?!\w)")


class Typed:
    """What people typed: names, notes, services. It stands in the database, or (where that is sealed) in the demo's story."""

    def __init__(self, *more: Path) -> None:
        self.alone: set[str] = set()
        self.pairs: set[tuple[str, str]] = set()
        self.add(_values(), *(_constants(path) for path in more))

    def add(self, *values: Iterable[str]) -> None:
        for value in itertools.chain(*values):
            words = _words(value)
            self.pairs.update(itertools.pairwise(words))
            if len(words) <= 4:
                self.alone.update(words)

    def english(self, text: str) -> list[str]:
        """Words of plain letters in the text that nobody typed."""
        return [word for part in re.split("[⟦⟧]", text) for word in self._left(_words(_NO_WORDS.sub(" ", part)))]

    def _left(self, words: list[str]) -> list[str]:
        """Those that neither stand alone in something typed nor beside one of their neighbours."""
        beside = [pair in self.pairs for pair in itertools.pairwise(words)]
        known = zip([False, *beside], [*beside, False], strict=True) if words else ()
        return [w for w, (before, after) in zip(words, known, strict=True) if not (before or after or w in self.alone)]


def _constants(path: Path) -> Iterator[str]:
    """The texts in a Python file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _words(text: str) -> list[str]:
    found = (word.strip("'’-") for word in _WORD.findall(text))
    return [word for word in found if len(word) > 1]


def _values() -> Iterator[str]:
    for table in Base.metadata.sorted_tables:
        if table.name in {"outbox_mail", "search_entry", "activity"}:  # what we wrote about what they typed
            continue
        wanted = [
            column
            for column in table.columns
            if not isinstance(column.type, sa.Enum | sa.Integer | sa.Date | sa.DateTime | sa.Boolean)
        ]
        if wanted:
            for row in db.session.execute(sa.select(*wanted)):
                for value in row:
                    yield from _strings(value)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if not re.fullmatch(r"[a-z]+([._][a-z]+)*", value):  # a code, not a word
            yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one)
