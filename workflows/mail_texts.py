"""The words of the mails that the program writes, as the office changed them: saving, going back, testing.

Every state that was saved is kept as a version with who and when. A kind without a version in use is sent with the words
that came with Latchkey.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from foundation import clock
from foundation.db import db
from foundation.text import visible
from models import MailTemplate, MailTemplateVersion, OutboxMail
from workflows import activity, outbox
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid
from workflows.mail_checking import problems, tidy_words
from workflows.mail_codes import EDITABLE_KINDS
from workflows.mail_facts import MailKind, TemplateTest
from workflows.permissions import Permission

_WHY_MOST = 250


class Words(NamedTuple):
    """A subject line, and a text in light markup with merge codes."""

    subject: str
    body: str


class NotUsable(Invalid):
    """Words that cannot be saved, with every objection: the first, and in `also` the others."""

    def __init__(self, found: Sequence[Invalid]) -> None:
        first, *others = found
        super().__init__(first.code, first.message, field=first.field, values=first.values)
        self.also = tuple(others)


@dataclass(frozen=True)
class Edited:
    """A kind's words as they stand: what is in use, and what a person who saves must have seen."""

    #: None: the words that came with Latchkey
    words: Words | None
    number: int | None
    #: rises with every change
    seen: int
    template: MailTemplate | None


# ---------------------------------------------------------------------------------------------------------- reading


def in_use(kind: str) -> Words | None:
    """The office's own words for this kind, None where it has none. One query."""
    found = db.session.execute(
        sa.select(MailTemplateVersion.subject, MailTemplateVersion.body)
        .join(MailTemplate)
        .where(MailTemplate.kind == kind, MailTemplateVersion.number == MailTemplate.in_use)
    ).first()
    return Words(found[0], found[1]) if found else None


def edited(kind: MailKind) -> Edited:
    """How the kind's words stand."""
    template = db.session.scalar(sa.select(MailTemplate).where(MailTemplate.kind == kind.value))
    if template is None:
        return Edited(None, None, 0, None)
    version = next((v for v in template.versions if v.number == template.in_use), None)
    words = Words(version.subject, version.body) if version is not None else None
    return Edited(words, version.number if version is not None else None, template.version, template)


def all_edited() -> dict[str, tuple[MailTemplate, MailTemplateVersion]]:
    """By kind, what is in use where the office's own words are. One query."""
    found = db.session.execute(
        sa.select(MailTemplate, MailTemplateVersion).join(
            MailTemplateVersion,
            sa.and_(MailTemplateVersion.template_id == MailTemplate.id, MailTemplateVersion.number == MailTemplate.in_use),
        )
    )  # fmt: skip
    return {template.kind: (template, version) for template, version in found}


def broken() -> list[str]:
    """The kinds whose own words could not be used, so that they are sent as they came. One query."""
    wanted = sa.select(MailTemplate.kind).where(MailTemplate.broken_at.is_not(None), MailTemplate.in_use.is_not(None))
    return list(db.session.scalars(wanted.order_by(MailTemplate.broken_at)))


def last_sent(kind: MailKind) -> OutboxMail | None:
    """The newest mail of this kind that went out and whose facts are still there."""
    wanted = sa.select(OutboxMail).where(OutboxMail.kind == kind.value, OutboxMail.sent_at.is_not(None))
    mail = db.session.scalar(wanted.order_by(OutboxMail.id.desc()).limit(1))
    return mail if mail is not None and mail.facts else None


# --------------------------------------------------------------------------------------------------------- changing


def save(kind: MailKind, subject: str, body: str, *, seen: int, actor: Actor) -> MailTemplateVersion | None:
    """Use these words from now on, as a new version; logged. None when they are those in use already.

    NotUsable with every objection: unknown codes, conditions without an end, links that are none, what the mail must
    hold, sizes. Conflict 'words_changed' when somebody else saved or reset them since `seen`.
    """
    actor.require(Permission.TEMPLATES)
    words = Words(*tidy_words(subject, body))
    _check(kind, words)
    template = _locked(kind, seen)
    if words == in_use(kind.value) and template.broken_at is None:
        return None
    return _use(template, words, "mail_template.saved", actor)


def use_again(kind: MailKind, number: int, *, seen: int, actor: Actor) -> MailTemplateVersion:
    """Go back to an older version, which becomes a new one; logged. Refused as in `save`; Invalid when there is none."""
    actor.require(Permission.TEMPLATES)
    template = _locked(kind, seen)
    old = next((v for v in template.versions if v.number == number), None)
    if old is None:
        raise Invalid("no_version", N_("There is no such version."))
    words = Words(old.subject, old.body)
    _check(kind, words)
    return _use(template, words, "mail_template.used_again", actor)


def reset(kind: MailKind, *, seen: int, actor: Actor) -> bool:
    """Send the words that came with Latchkey again; logged, the versions stay. False when they are sent already."""
    actor.require(Permission.TEMPLATES)
    template = _locked(kind, seen)
    if template.in_use is None:
        return False
    template.in_use, template.broken_at, template.broken_why = None, None, ""
    db.session.flush()
    activity.record("mail_template.reset", actor=actor, subject=template, kind=kind.value)
    return True


def send_test(kind: MailKind, subject: str, body: str, *, actor: Actor) -> OutboxMail:
    """Queue a mail in these words about made-up people, to whoever asks and to nobody else.

    NotUsable as in `save`; Invalid when they have no mail address. Nothing else happens: no link in it lets anybody in.
    """
    actor.require(Permission.TEMPLATES)
    words = Words(*tidy_words(subject, body))
    _check(kind, words)
    address = actor.staff.email if actor.staff else ""
    facts = TemplateTest(kind.value, words.subject, words.body)
    mail = outbox.queue_mail(MailKind.TEMPLATE_TEST, facts, to=address, staff=actor.staff)
    if mail is None:
        raise Invalid("no_address", N_("Your account has no mail address to send the test to."))
    return mail


def mark_broken(kind: str, why: str) -> None:
    """Note that the words in use could not be made into a mail, once until they are changed."""
    db.session.execute(
        sa.update(MailTemplate)
        .where(MailTemplate.kind == kind, MailTemplate.broken_at.is_(None), MailTemplate.in_use.is_not(None))
        .values(broken_at=clock.now(), broken_why=" ".join(visible(why).split())[:_WHY_MOST])
        .execution_options(synchronize_session=False)
    )


def objections(kind: MailKind, words: Words) -> list[Invalid]:
    """What is wrong with words as they were typed."""
    return problems(kind, *tidy_words(*words))


def is_usable(kind: MailKind, words: Words) -> bool:
    """Would they be saved?"""
    return not objections(kind, words)


def _check(kind: MailKind, words: Words) -> None:
    if kind not in EDITABLE_KINDS:
        raise Invalid("fixed_kind", N_("The words of this mail cannot be changed."))
    if found := problems(kind, *words):
        raise NotUsable(found)


def _locked(kind: MailKind, seen: int) -> MailTemplate:
    """The kind's row, made when it is not there, locked, and as the person saw it."""
    insert = sqlite_insert if db.session.get_bind().dialect.name == "sqlite" else pg_insert
    made = insert(MailTemplate).values(kind=kind.value, broken_why="", version=1)
    # What comes back says whether it is new: PostgreSQL's driver counts no rows here.
    once = made.on_conflict_do_nothing(index_elements=[MailTemplate.kind]).returning(MailTemplate.id)
    is_new = db.session.execute(once).first() is not None
    template = db.session.scalars(
        sa.select(MailTemplate)
        .where(MailTemplate.kind == kind.value)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if (0 if is_new else template.version) != seen:
        raise Conflict("words_changed", N_("Somebody else changed this mail meanwhile. Look at theirs first."))
    return template


def _use(template: MailTemplate, words: Words, verb: str, actor: Actor) -> MailTemplateVersion:
    last = db.session.scalar(
        sa.select(sa.func.max(MailTemplateVersion.number)).where(MailTemplateVersion.template_id == template.id)
    )
    version = MailTemplateVersion(
        number=(last or 0) + 1, subject=words.subject, body=words.body,
        saved_by_id=actor.staff.id if actor.staff else None, saved_by_name=actor.name[:255],
    )  # fmt: skip
    template.versions.append(version)
    template.in_use, template.broken_at, template.broken_why = version.number, None, ""
    db.session.flush()
    activity.record(verb, actor=actor, subject=template, kind=template.kind, number=version.number)
    return version
