"""A mail in the office's own words: subject and light markup with merge codes, as text and HTML.

What the office wrote is never a template: `workflows.mail_markup` takes it apart, values are inserted last, escaped,
and looked at no more. When it cannot be done for whatever reason, the words that came with Latchkey are sent.
"""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from babel import Locale
from flask_babel import force_locale
from markupsafe import Markup, escape

from foundation.db import db, reading
from mailer import previews
from mailer.code_values import UnknownCode, Values
from mailer.kinds import KINDS
from mailer.render import Rendered, context_of, environment_in, finished, one_line, render
from models import OutboxMail
from workflows import mail_texts, settings
from workflows.mail_checking import tidy_words
from workflows.mail_codes import EDITABLE_KINDS, Shape, codes_of
from workflows.mail_facts import MailKind, TemplateTest
from workflows.mail_markup import (
    ADDRESS,
    BODY_MOST,
    CODES_MOST,
    MARK,
    SUBJECT_MOST,
    Kind,
    Marked,
    Piece,
    mark,
    mark_number,
    pieces,
    spans,
)
from workflows.mail_texts import Words

log = logging.getLogger("latchkey.mailer")

#: what may come out; a mail that large would be cut by the mail programs anyway
MOST_OUT = 400_000
#: in English; beside it the same in other languages, such as words.de.txt
DEFAULT_WORDS = Path("words.txt")


class BrokenWords(ValueError):
    """These words cannot be made into a mail."""


class _Made(NamedTuple):
    """Parts for the test mail."""

    name: str
    subject: str
    text: str
    html: Markup


# --------------------------------------------------------------------------------------------------------- delivery


def render_for_sending(mail: OutboxMail) -> Rendered:
    """The mail as it is sent: in the office's own words if there are any and they can be used, else as it came.

    Must be called with no transaction open. Words that fail are marked as broken, which HOME shows; whatever goes wrong
    with that does not hold the mail up.
    """
    try:
        with reading():
            words = mail_texts.in_use(mail.kind)
            made = render_words(mail, words, shows_secrets=True) if words is not None else None
            db.session.rollback()
        if made is not None:
            return made
    except Exception as problem:  # noqa: BLE001 -- the mail must go out whatever is wrong with its words
        db.session.rollback()
        _mark_broken(mail, problem)
    return render(mail)


def _mark_broken(mail: OutboxMail, problem: Exception) -> None:
    # Other errors could quote what stands in the mail.
    told = str(problem) if isinstance(problem, BrokenWords | UnknownCode) else type(problem).__name__
    log.error("own words of %s cannot be used, the mail goes out as it came with Latchkey: %s", mail.kind, told)
    try:
        mail_texts.mark_broken(mail.kind, told)
        db.session.commit()
    except Exception:
        db.session.rollback()
        log.exception("the broken words of %s could not be marked", mail.kind)


# -------------------------------------------------------------------------------------------------------- rendering


def render_words(mail: OutboxMail, words: Words, *, shows_secrets: bool) -> Rendered:
    """The mail in these words; BrokenWords or UnknownCode when that cannot be. Reads, changes nothing."""
    locale = settings.read()["business.locale"]
    with force_locale(locale):
        context, environment = context_of(mail), environment_in(locale)
        values = Values(mail, context, environment, locale, shows_secrets=shows_secrets)
        made = _make(values, words)
        text = environment.get_template("_layout/own_words.txt").render(context, words=made.text)
        html = environment.get_template("_layout/own_words.html").render(context, words=made.html, subject=made.subject)
    return finished(made.subject, text, html)


def made_for_test(facts: TemplateTest) -> _Made:
    """The draft that a test mail shows, about the example of its kind; nothing in it lets anybody in."""
    kind = MailKind(facts.of_kind)
    if kind not in EDITABLE_KINDS:
        raise BrokenWords("these words cannot be edited")
    locale = settings.read()["business.locale"]
    mail = previews.preview_mail(kind)
    values = Values(mail, context_of(mail), environment_in(locale), locale, shows_secrets=False)
    return _make(values, Words(facts.subject, facts.body))._replace(name=KINDS[kind].label)


def made_own(mail: OutboxMail, context: dict[str, Any]) -> _Made:
    """What a mail of the office's own says to its one reader; the words stand in its facts."""
    locale = settings.read()["business.locale"]
    values = Values(mail, context, environment_in(locale), locale, shows_secrets=True)
    return _make(values, Words(context["facts"].subject, context["facts"].body))


def preview(kind: MailKind, subject: str, body: str, mail: OutboxMail | None = None) -> Rendered:
    """What these words look like about the example, or about a real mail. One-time links are shown as made-up ones."""
    return render_words(mail or previews.preview_mail(kind), Words(*tidy_words(subject, body)), shows_secrets=False)


def default_words(kind: MailKind) -> Words:
    """What the editor begins with, and what "as it came" means: in the business's language where we have them in it."""
    folder: Path = KINDS[kind].folder
    language = Locale.parse(settings.read()["business.locale"]).language
    path = folder / f"{DEFAULT_WORDS.stem}.{language}.txt"
    if not path.exists():
        path = folder / DEFAULT_WORDS
    subject, _newline, body = path.read_text("utf-8").partition("\n")
    return Words(*tidy_words(subject, body))


def try_out(kind: MailKind, words: Words) -> str:
    """Why these words cannot be made into a mail about the example, or ""."""
    try:
        preview(kind, words.subject, words.body)
    except Exception as problem:  # noqa: BLE001 -- whatever it is, such words must not be saved
        return str(problem) or type(problem).__name__
    return ""


def _make(values: Values, words: Words) -> _Made:
    if len(words.subject) > SUBJECT_MOST or len(words.body) > BODY_MOST:
        raise BrokenWords("the text is too long")
    subject = _subject(values, words.subject)
    marked = mark(words.body, values.is_there)
    if len(marked.codes) > CODES_MOST:
        raise BrokenWords("the text has too many codes")
    parts = list(pieces(marked, values.is_block, lambda name: not values.is_there(name)))
    text = "\n\n".join(t for t in (_text_piece(p, marked, values) for p in parts) if t)
    html = "\n".join(_html_piece(p, marked, values) for p in parts)
    text = _fill(text, marked, lambda n: values.block(n, "txt") if values.is_block(n) else values.words(n))
    html = _fill(html, marked, lambda n: _html_value(n, values))
    if not subject or not text.strip():
        raise BrokenWords("nothing is left of the subject or of the text")
    _must_have(values, text)
    return _Made("", subject, text, Markup(html))  # noqa: S704 -- put together from escaped parts above


def _subject(values: Values, words: str) -> str:
    marked = mark(words, values.is_there)
    return one_line(_fill(marked.text, marked, values.words))[:SUBJECT_MOST]


def _must_have(values: Values, text: str) -> None:
    """What the mail is for came out, where there is one."""
    for code in codes_of(values.kind).values():
        if code.is_needed and values.is_there(code.name) and values.words(code.name) not in text:
            raise BrokenWords(f"{{{code.name}}} is missing")


def _fill(text: str, marked: Marked, value_of: Callable[[str], str]) -> str:
    """The text with its marks replaced, each once, in one pass: what is inserted is not looked at again."""
    room = MOST_OUT - len(text)

    def insert(found: re.Match[str]) -> str:
        nonlocal room
        shown = value_of(marked.codes[int(found[1])])
        room -= len(shown)
        if room < 0:
            raise BrokenWords("the mail would become too long")
        return shown

    return MARK.sub(insert, text)


def _target(text: str, marked: Marked, values: Values) -> str:
    """Where words lead: a link's value, or an address that is one; "" for anything else."""
    number = mark_number(text)
    if number is not None:
        name = marked.codes[number]
        return values.words(name) if values.code(name).shape is Shape.LINK else ""
    return text if ADDRESS.fullmatch(text) else ""


def _text_piece(piece: Piece, marked: Marked, values: Values) -> str:
    if piece.kind is Kind.BUTTON:
        target = _target(piece.target, marked, values)
        return f"{piece.lines[0].strip()}:\n{target}" if target else ""
    begin = "- " if piece.kind is Kind.LIST else ""
    return "\n".join(begin + _text_line(line, marked, values) for line in piece.lines)


def _text_line(line: str, marked: Marked, values: Values) -> str:
    shown = []
    for span in spans(line):
        target = _target(span.target, marked, values) if span.target else ""
        shown.append(f"{span.words} ({target})" if target else span.words)
    return "".join(shown)


def _html_piece(piece: Piece, marked: Marked, values: Values) -> str:
    if piece.kind is Kind.BLOCK:
        return piece.lines[0]
    if piece.kind is Kind.BUTTON:
        target = _target(piece.target, marked, values)
        button = Markup('<p><a class="button" href="{}">{}</a></p>')
        return str(button.format(target, piece.lines[0].strip())) if target else ""
    lines = [_html_line(line, marked, values) for line in piece.lines]
    if piece.kind is Kind.LIST:
        return "<ul>" + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"
    return "<p>" + "<br>".join(lines) + "</p>"


def _html_line(line: str, marked: Marked, values: Values) -> str:
    shown = []
    for span in spans(line):
        target = _target(span.target, marked, values) if span.target else ""
        if span.is_bold:
            shown.append(Markup("<strong>{}</strong>").format(span.words))
        elif target:
            shown.append(Markup('<a href="{}">{}</a>').format(target, span.words))
        else:
            shown.append(escape(span.words))
    return "".join(shown)


def _html_value(name: str, values: Values) -> str:
    if values.is_block(name):
        return values.block(name, "html")
    value = values.words(name)
    if value and values.code(name).shape is Shape.LINK:
        return str(Markup('<a href="{0}">{0}</a>').format(value))
    return str(escape(value))
