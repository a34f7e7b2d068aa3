"""The light markup of the office's own mails: paragraphs, **bold**, lists, [words](links), buttons, {CODES}, {IF ...}.

It is read in one pass and never again: codes are put in as marks first, the marks are found in the finished piece, and
whatever stands behind them is inserted there. So a value that looks like markup or like a code is only ever a value.
There are no loops and nothing nests; each pattern takes time in proportion to the text.
"""

import enum
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

SUBJECT_MOST = 200
BODY_MOST = 20_000
#: codes in all, and how often one that shows a whole piece may stand
CODES_MOST = 300
BLOCK_MOST = 3

#: `{CODE}`, `{IF CODE}`, `{IF NOT CODE}`, `{END}`; anything else in braces is plain text
CODE = re.compile(r"\{(?:(IF NOT|IF) )?([A-Za-z][A-Za-z0-9_]{0,59})\}")
END = "END"
#: a mark is the number of a code between two signs that no text has: they are taken out of what people write
_OPEN, _SHUT = "\ue000", "\ue001"
MARK = re.compile(f"{_OPEN}(\\d+){_SHUT}")
#: what a text may not bring along itself, as `str.translate` takes it
NO_MARKS = {ord(_OPEN): None, ord(_SHUT): None}
#: where words may lead: a page, a mail address or a telephone; nothing that could leave an attribute
ADDRESS = re.compile(
    r"https?://[A-Za-z0-9][^\s<>\"'`{}\\\ue000\ue001]*|mailto:[^\s<>\"'`{}\\?&\ue000\ue001]+|tel:\+?[0-9-]+"
)
_SPAN = re.compile(r"\*\*([^*\n]{1,500})\*\*|\[([^\[\]\n]{1,200})\]\(([^()\s]{1,500})\)")
_BUTTON = re.compile(r"\[\[([^\[\]|\n]{1,100})\|([^\[\]|\s]{1,500})\]\]")
#: links as they are looked for when the words are saved: also those whose address is none
LINKS = re.compile(r"\[([^\[\]\n]{1,200})\]\(([^()\n]{0,500})\)|\[\[([^\[\]|\n]{0,100})\|([^\[\]|\n]{0,500})\]\]")


class Kind(enum.Enum):
    """What a piece is."""

    PARAGRAPH = enum.auto()
    LIST = enum.auto()
    BUTTON = enum.auto()
    BLOCK = enum.auto()


@dataclass
class Piece:
    """A part of a mail; `lines` may hold marks and spans, `target` is an address or a mark."""

    kind: Kind
    lines: list[str] = field(default_factory=list)
    target: str = ""


@dataclass(frozen=True)
class Span:
    """A run of a line: bold, a link, or plain words."""

    words: str
    is_bold: bool = False
    target: str = ""


@dataclass
class Marked:
    """A text with marks for its codes, and the codes by the marks' numbers."""

    text: str
    codes: list[str]


def mark(text: str, is_there: Callable[[str], bool]) -> Marked:
    """Put marks for the codes, and leave out the parts whose {IF ...} does not hold.

    `is_there` says whether a code has anything to show. An {IF} or {END} alone on its line takes the line with it. What
    does not fit together is taken as well as can be: saving refuses it, delivery must not stumble over it.
    """
    codes: list[str] = []
    lines: list[str] = []
    is_kept = True
    for line in text.translate(NO_MARKS).split("\n"):
        shown, is_kept, has_words = _mark_line(line, is_there, codes, is_kept=is_kept)
        if has_words:
            lines.append(shown)
    return Marked("\n".join(lines), codes)


def _mark_line(
    line: str, is_there: Callable[[str], bool], codes: list[str], *, is_kept: bool
) -> tuple[str, bool, bool]:
    """One line with marks, whether what follows is kept, and whether the line stays at all."""
    shown: list[str] = []
    position, n_switches = 0, 0
    was_kept = is_kept
    for found in CODE.finditer(line):
        if is_kept:
            shown.append(line[position : found.start()])
        position = found.end()
        condition, name = found[1], found[2].upper()
        if condition:
            is_kept = is_there(name) is (condition == "IF")
            n_switches += 1
        elif name == END:
            is_kept = True
            n_switches += 1
        elif is_kept:
            shown.append(f"{_OPEN}{len(codes)}{_SHUT}")
            codes.append(name)
    if is_kept:
        shown.append(line[position:])
    words = "".join(shown)
    if n_switches:
        return words, is_kept, bool(words.strip())
    return words, is_kept, was_kept


def pieces(marked: Marked, is_block: Callable[[str], bool], is_empty: Callable[[str], bool]) -> Iterator[Piece]:
    """The text's pieces in their order. A line on which only empty codes stand is left out."""
    current: Piece | None = None
    for raw in marked.text.split("\n"):
        line = raw.strip()
        names = [marked.codes[int(number)] for number in MARK.findall(line)]
        if names and not MARK.sub("", line).strip(" -") and all(is_empty(name) for name in names):
            continue
        alone = MARK.fullmatch(line)
        button = _BUTTON.fullmatch(line)
        made: Piece | None = None
        if alone and is_block(names[0]):
            made = Piece(Kind.BLOCK, [line])
        elif button:
            made = Piece(Kind.BUTTON, [button[1]], button[2])
        if made is not None or not line:
            if current is not None:
                yield current
            current = None
            if made is not None:
                yield made
            continue
        kind = Kind.LIST if line.startswith("- ") else Kind.PARAGRAPH
        if current is None or current.kind is not kind:
            if current is not None:
                yield current
            current = Piece(kind)
        current.lines.append(line[2:].strip() if kind is Kind.LIST else line)
    if current is not None:
        yield current


def spans(line: str) -> Iterator[Span]:
    """A line as bold words, links and plain words. A link inside bold words stays as it was typed."""
    position = 0
    for found in _SPAN.finditer(line):
        if found.start() > position:
            yield Span(line[position : found.start()])
        yield Span(found[1], is_bold=True) if found[1] is not None else Span(found[2], target=found[3])
        position = found.end()
    if position < len(line):
        yield Span(line[position:])


def mark_number(text: str) -> int | None:
    """The number of the mark that the text is, if it is one and nothing else."""
    found = MARK.fullmatch(text)
    return int(found[1]) if found else None
