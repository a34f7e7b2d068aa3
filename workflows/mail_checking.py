"""May these words be used for this kind of mail? Every objection as a sentence that says what would be right."""

import difflib
from collections import Counter
from collections.abc import Iterator

from foundation.text import visible
from workflows.errors import N_, Invalid
from workflows.mail_codes import Code, Shape, codes_of
from workflows.mail_facts import MailKind
from workflows.mail_markup import (
    ADDRESS,
    BLOCK_MOST,
    BODY_MOST,
    CODE,
    CODES_MOST,
    END,
    LINKS,
    NO_MARKS,
    SUBJECT_MOST,
)


def tidy_words(subject: str, body: str) -> tuple[str, str]:
    """The words as they are kept: one line, and lines without spaces at their ends, both without our own marks."""
    lines = [line.rstrip() for line in visible(body).translate(NO_MARKS).split("\n")]
    return " ".join(visible(subject).translate(NO_MARKS).split()), "\n".join(lines).strip("\n")


def problems(kind: MailKind, subject: str, body: str) -> list[Invalid]:
    """What is wrong, the subject's first; empty when the words can be used. They are as `tidy_words` returns them."""
    found = list(_sizes(subject, body))
    if found:
        return found  # what is far too long is not looked at any further
    codes = codes_of(kind)
    found += _codes(subject, codes, "subject")
    found += _subject_only(subject, codes)
    found += _codes(body, codes, "body")
    found += _pairs(subject, "subject") or []
    found += _pairs(body, "body")
    found += _blocks(body, codes)
    found += _links(body, codes)
    found += _needed(body, codes)
    return found


def _bad(code: str, message: str, field: str = "body", **values: object) -> Invalid:
    return Invalid(code, message, field=field, values=values)


def _sizes(subject: str, body: str) -> Iterator[Invalid]:
    if not subject:
        yield _bad("no_subject", N_("Write a subject."), "subject")
    if len(subject) > SUBJECT_MOST:
        yield _bad("long_subject", N_("The subject may have %(most)s characters; it has %(n)s."), "subject", most=SUBJECT_MOST, n=len(subject))  # fmt: skip
    if not body.strip():
        yield _bad("no_body", N_("Write a text."))
    if len(body) > BODY_MOST:
        yield _bad("long_body", N_("The text may have %(most)s characters; it has %(n)s."), most=BODY_MOST, n=len(body))
    elif sum(1 for _ in CODE.finditer(body)) > CODES_MOST:
        yield _bad("many_codes", N_("The text may have %(most)s codes."), most=CODES_MOST)


def _codes(text: str, codes: dict[str, Code], field: str) -> Iterator[Invalid]:
    """Codes that do not exist for this mail, each once, with the nearest one that does."""
    seen: set[str] = set()
    for found in CODE.finditer(text):
        name = found[2].upper()
        if name in codes or name in seen or (name == END and not found[1]):
            continue
        seen.add(name)
        near = difflib.get_close_matches(name, codes, n=1, cutoff=0.6)
        if near:
            yield _bad("unknown_code", N_("This mail has no code {%(name)s}. Do you mean {%(near)s}?"), field, name=name, near=near[0])  # fmt: skip
        else:
            yield _bad("unknown_code", N_("This mail has no code {%(name)s}. Choose one of the list."), field, name=name)  # fmt: skip


def _subject_only(subject: str, codes: dict[str, Code]) -> Iterator[Invalid]:
    for found in CODE.finditer(subject):
        code = codes.get(found[2].upper())
        if code is not None and not found[1] and code.shape is not Shape.WORDS:
            yield _bad("not_in_subject", N_("{%(name)s} cannot stand in the subject."), "subject", name=code.name)


def _pairs(text: str, field: str) -> list[Invalid]:
    """Each {IF ...} has its {END}, and none stands in another."""
    open_name = ""
    for found in CODE.finditer(text):
        name = found[2].upper()
        if found[1] and open_name:
            return [_bad("nested_if", N_("{IF %(name)s} begins before {IF %(other)s} has its {END}."), field, name=name, other=open_name)]  # fmt: skip
        if found[1]:
            open_name = name
        elif name == END and not open_name:
            return [_bad("lonely_end", N_("An {END} stands without its {IF ...}."), field)]
        elif name == END:
            open_name = ""
    return [_bad("open_if", N_("{IF %(name)s} has no {END}."), field, name=open_name)] if open_name else []


def _blocks(body: str, codes: dict[str, Code]) -> Iterator[Invalid]:
    """Codes of whole pieces stand alone on their lines and not too often; conditions show nothing."""
    seen: Counter[str] = Counter()
    told: set[str] = set()
    for line in body.split("\n"):
        rest = CODE.sub(lambda m: "" if m[1] or m[2].upper() == END else m[0], line).strip()
        for found in CODE.finditer(line):
            code = codes.get(found[2].upper())
            if code is None or found[1] or code.name in told:
                continue
            seen[code.name] += 1
            if code.shape is Shape.CONDITION:
                told.add(code.name)
                yield _bad("only_condition", N_("{%(name)s} shows nothing by itself. Write {IF %(name)s} … {END}."), name=code.name)  # fmt: skip
            elif code.shape is Shape.BLOCK and rest != found[0]:
                told.add(code.name)
                yield _bad("not_alone", N_("{%(name)s} shows a whole piece: put it alone on a line."), name=code.name)
            elif code.shape is Shape.BLOCK and seen[code.name] > BLOCK_MOST:
                told.add(code.name)
                yield _bad("too_often", N_("{%(name)s} may stand %(most)s times."), name=code.name, most=BLOCK_MOST)


def _links(body: str, codes: dict[str, Code]) -> Iterator[Invalid]:
    """Words lead to a link's code or to an address that is written out; addresses hold no codes."""
    for found in LINKS.finditer(body):
        target = (found[2] if found[2] is not None else found[4] or "").strip()
        code = CODE.fullmatch(target)
        if code is None:
            if not ADDRESS.fullmatch(target):
                yield _bad("bad_address", N_("“%(target)s” is no address to lead to. Write https://… or the code of a link."), target=target[:80])  # fmt: skip
            continue
        known = codes.get(code[2].upper())
        if known is not None and (known.shape is not Shape.LINK or code[1]):
            yield _bad("no_link", N_("{%(name)s} is no link: words cannot lead there."), name=known.name)


def _needed(body: str, codes: dict[str, Code]) -> Iterator[Invalid]:
    """What the mail is for stands in it in every case: outside of conditions, or in its own."""
    for code in codes.values():
        if code.is_needed and not _is_always_there(body, code.name):
            yield _bad("needed_code", N_("This mail is of no use without {%(name)s}. Put it where it stands in every case."), name=code.name)  # fmt: skip


def _is_always_there(body: str, name: str) -> bool:
    condition = ""
    for found in CODE.finditer(body):
        here = found[2].upper()
        if found[1]:
            condition = f"{found[1]} {here}"
        elif here == END:
            condition = ""
        elif here == name and condition in {"", f"IF {name}"}:
            return True
    return False
