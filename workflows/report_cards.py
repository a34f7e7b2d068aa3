"""Report cards: the sitter writes one for each visit, saved while it is typed, and sends it; the client says thanks.

Who reads which card is in `report_views`, photos are in `report_photos`. Drafts are not logged: what counts is sent.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from foundation.text import tidy
from models import REPORT_MOVES, CustomField, Job, JobState, ReportCard, ReportState
from workflows import activity, field_kinds, field_news, field_saving, field_values, once, report_news, report_views
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid, NotAllowed, WrongState
from workflows.field_kinds import Value
from workflows.field_layout import Layout
from workflows.field_news import Change
from workflows.field_saving import Unfit
from workflows.field_values import Values
from workflows.locks import lock_client
from workflows.permissions import Permission

#: what a card says beside the office's own fields: column to how long it may be, and what it is called
TEXTS: dict[str, tuple[int, str]] = {
    "message": (5000, N_("Message")),
    "office_note": (2000, N_("Note to the office")),
}
MAX_THANKS = 1000
#: a visit has begun, so something can be told of it
TOLD_OF = (JobState.IN_PROGRESS, JobState.COMPLETED)


@dataclass(frozen=True)
class Typed:
    """What a form holds of a card; what is not in it stays as it is."""

    #: field's public id to text (a list for a multi-choice, a StoredFile or its public id for a file)
    values: Mapping[str, object] = field(default_factory=dict)
    #: "message" and "office_note"
    texts: Mapping[str, str] = field(default_factory=dict)
    #: `field_kinds.mark` of what each of these held when the form was made
    seen: Mapping[str, str] = field(default_factory=dict)
    #: the card's version when the form was made; 0 for a card that was not there yet
    base: int | None = None
    #: when it was typed, if that was a while before it arrived
    at: dt.datetime | None = None


@dataclass(frozen=True)
class Side:
    """Something that two people wrote, both answers in words."""

    key: str
    label: str
    theirs: str
    mine: str


class Crossed(Conflict):
    """Somebody else wrote the same parts of the card meanwhile; `sides` has both. Nothing was saved, nothing is lost."""

    def __init__(self, sides: Sequence[Side]) -> None:
        self.sides = tuple(sides)
        super().__init__("report_crossed", N_("Somebody else changed this report card meanwhile. Nothing is lost: both answers stand here."))  # fmt: skip


class NotReady(Invalid):
    """Something is left to do before the card can be sent; `left` has the fields."""

    def __init__(self, left: Sequence[CustomField]) -> None:
        self.left = tuple(left)
        names = ", ".join(of.label for of in left)
        super().__init__("report_left", N_("Before it can be sent, this is left: %(what)s. It is kept as a draft."), what=names)  # fmt: skip


@dataclass(frozen=True)
class Saved:
    """What saving came to."""

    card: ReportCard
    #: what cannot be kept yet, by key (a half typed mail address), is left as it was
    problems: Mapping[str, Invalid]
    #: the marks of what stands there as it was typed: what the form is based on from now on
    marks: Mapping[str, str]
    #: the version that the form is based on from now on: an older one while somebody else's answers are not in it
    base: int
    #: what was typed for questions that are not on the card (any more); it is not kept
    gone: Sequence[str] = ()


# ---------------------------------------------------------------------------------------------------------- the draft


def draft_of(job: Job, *, actor: Actor) -> ReportCard:
    """The visit's card, made when there is none; one for each visit, whoever asks at the same moment.

    Refused: another sitter's visit, or a sitter without own pages (NotAllowed); report cards are off, a visit that was
    called off, one of a day to come (WrongState).
    """
    lock_client(job.client_id)
    db.session.refresh(job)
    require_writer(job, actor=actor)
    card = db.session.scalar(
        sa.select(ReportCard).where(ReportCard.job_id == job.id).execution_options(populate_existing=True)
    )
    if card is not None:
        return card
    if job.state not in {*TOLD_OF, JobState.SCHEDULED} or job.on_date > clock.today():
        raise WrongState("no_report", N_("There is nothing to report about this visit."))
    card = ReportCard(job=job, staff=actor.staff, saved_at=clock.now())
    db.session.add(card)
    db.session.flush()
    return card


def require_writer(job: Job, *, actor: Actor) -> None:
    """Refuse with NotAllowed unless it is the visit's own sitter, or the office that plans visits; WrongState when off."""
    if not report_views.is_on():
        raise WrongState("reports_off", N_("Report cards are switched off."))
    own = actor.staff is not None and job.sitter_id == actor.staff.id and actor.may(Permission.OWN_DAY)
    if actor.is_client or not (own or actor.may(Permission.SCHEDULE)):
        raise NotAllowed("not_yours", N_("This visit is not yours, so its report card is not either."))


def save_draft(card: ReportCard, typed: Typed, *, actor: Actor, key: str | None = None) -> Saved:
    """Keep what was typed so far, holding the client's lock. Required fields may be empty, and what cannot be kept yet
    is left out and named.

    `key` is the sender's name for this very save: sent again, it changes nothing. Where the card was changed since the
    form was made (`base`, or the marks in `seen`), only what both wrote meets: Crossed, and nothing is saved. Refused
    as `draft_of`; WrongState once it is sent.
    """
    _lock(card)
    require_writer(card.job, actor=actor)
    if card.state is not ReportState.DRAFT:
        raise WrongState("report_sent", N_("This report card was sent %(when)s. Ask the office to correct it."), when=_when(card))  # fmt: skip
    try:
        once.claim(key)
    except Conflict:
        # It was saved before. If somebody changed it since, the sender must hear of that before writing on.
        merged = _Merge(card, replace(typed, base=None, seen={}), actor)
        merged.read()
        if merged.sides:
            raise Crossed(merged.sides) from None
        return merged.saved()
    merged = _Merge(card, typed, actor)
    merged.read()
    if merged.sides:
        raise Crossed(merged.sides)
    merged.write()
    return merged.saved()


def _lock(card: ReportCard) -> None:
    lock_client(card.job.client_id)
    db.session.refresh(card)
    db.session.refresh(card.job)


def _when(card: ReportCard) -> str:
    return clock.to_local(card.sent_at or clock.now()).strftime("%d.%m. %H:%M")


@dataclass
class _Merge:
    """What was typed, against what the card says now."""

    card: ReportCard
    typed: Typed
    actor: Actor
    changes: list[Change] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    problems: dict[str, Invalid] = field(default_factory=dict)
    sides: list[Side] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)
    #: there are answers of somebody else's that the form does not show
    is_behind: bool = False
    gone: list[str] = field(default_factory=list)

    def read(self) -> None:
        """Sort what was typed into what is new, what cannot be kept, and what two people wrote."""
        self.values = field_values.read(self.card)
        open_ = writable(report_views.layout_of(self.card.job), actor=self.actor).fields
        self.gone = [key for key in self.typed.values if key not in open_]
        for key, placed in open_.items():
            if key not in self.typed.values:
                continue
            of, now = placed.field, self.values.of(placed.field)
            try:
                new = field_kinds.clean(of, self.typed.values[key], owner=self.card, now=now)
            except Invalid as problem:
                self.problems[key] = problem
                continue
            if self._counts(key, now, new):
                self.changes.append(Change(of, now, new))
            elif self.sides and self.sides[-1].key == key:
                self.sides[-1] = replace(self.sides[-1], label=of.label, theirs=field_kinds.shown(of, now), mine=field_kinds.shown(of, new))  # fmt: skip
        for key, (most, label) in TEXTS.items():
            new_text, now_text = tidy(self.typed.texts.get(key, getattr(self.card, key))), getattr(self.card, key)
            if len(new_text) > most:
                self.problems[key] = Invalid("value_long", N_("Use at most %(most)s characters; these are %(n)s."), field=key, most=most, n=len(new_text))  # fmt: skip
            elif key in self.typed.texts and self._counts(key, now_text or None, new_text or None):
                self.texts[key] = new_text
            elif self.sides and self.sides[-1].key == key:
                self.sides[-1] = replace(self.sides[-1], label=label, theirs=now_text, mine=new_text)

    def _counts(self, key: str, now: Value, new: Value) -> bool:
        """Is `new` to be written over `now`? Where somebody else was first with another answer, a side is added."""
        sign, mine = self.typed.seen.get(key), field_kinds.mark(new)
        if new == now:
            self.marks[key] = mine
            return False
        # Nothing is lost where nothing stands.
        free = now is None if sign is None else sign == field_kinds.mark(now)
        if self.typed.base == self.card.version or free:
            self.marks[key] = mine
            return True
        self.is_behind = True
        if sign != mine:  # the other answer was written over one that is not this one's either
            self.sides.append(Side(key, key, "", ""))
        return False

    def saved(self) -> Saved:
        """What it came to, after writing."""
        base = self.card.version if not self.is_behind else self.typed.base or 0
        return Saved(self.card, self.problems, self.marks, base, self.gone)

    def write(self) -> None:
        """Put it into the card; the version goes up, so that others notice."""
        if not self.changes and not self.texts:
            return
        field_saving.write(self.values, self.changes)
        for key, text in self.texts.items():
            setattr(self.card, key, text)
        self.card.saved_at = self.typed.at or clock.now()
        db.session.flush()

    def in_words(self) -> dict[str, list[field_news.Answer]]:
        """Old and new, for the log."""
        said = field_news.in_words(self.changes)
        return said | {TEXTS[key][1]: [getattr(self.card, key), text] for key, text in self.texts.items()}


def writable(whole: Layout, *, actor: Actor) -> Layout:
    """The pages that this person fills in: sitters not those that are hidden from them."""
    return whole if actor.may(Permission.SCHEDULE) else whole.for_sitters()


def marks_of(card: ReportCard | None, layout: Layout, values: Values | None) -> dict[str, str]:
    """What a form made now is based on: the mark of each field and text."""
    held = {key: values.of(p.field) if values else None for key, p in layout.fields.items()}
    texts = {key: (getattr(card, key) or None) if card else None for key in TEXTS}
    return {key: field_kinds.mark(value) for key, value in {**held, **texts}.items()}


# ------------------------------------------------------------------------------------------------------------ sending


def left(card: ReportCard) -> list[CustomField]:
    """The required fields that are not filled in, and the required tasks that are not ticked, as far as the answers ask
    for them."""
    whole, values = report_views.layout_of(card.job), field_values.read(card)
    asked = values.asked(whole)
    return [
        p.field
        for key, p in whole.for_sitters().fields.items()
        if key in asked and p.field.is_required and values.of(p.field) is None
    ]


def send(card: ReportCard, *, actor: Actor) -> ReportCard:
    """Send the card: the client reads it in the portal from now on.

    In this order, holding the client's lock: the card is sent; its mail to the client, at once, unless the settings or
    an internal service keep it back; a line on HOME when there is a note to the office; the log. Refused, and kept as
    a draft: as `draft_of`; a visit that has not begun, a card that was sent (WrongState); required fields and tasks
    that are left (NotReady); a card that says nothing (Invalid).
    """
    _lock(card)
    require_writer(card.job, actor=actor)
    if ReportState.SENT not in REPORT_MOVES[card.state]:
        raise WrongState("report_sent", N_("This report card was sent %(when)s. Ask the office to correct it."), when=_when(card))  # fmt: skip
    if card.job.state not in TOLD_OF:
        raise WrongState("not_begun", N_("Check in first: a report card is sent from the visit on. It is kept as a draft."))  # fmt: skip
    if missing := left(card):
        raise NotReady(missing)
    told = report_views.told(card, to_client=True)
    if not (card.message or told.parts or told.photos):
        raise Invalid("report_empty", N_("Write a few words, fill something in or add a photo first."), field="message")
    card.state, card.sent_at = ReportState.SENT, clock.now()
    if actor.staff is not None:
        card.staff = actor.staff if card.job.sitter_id == actor.staff.id else card.staff
    db.session.flush()
    report_news.mail_client(card, told)
    if card.office_note:
        report_news.tell_office(card)
    activity.record(
        "report_card.sent", actor=actor, subject=card, client=card.job.client, service=card.job.service_item.name,
        on_date=card.job.on_date, n_photos=len(told.photos),
    )  # fmt: skip
    db.session.flush()
    return card


# ------------------------------------------------------------------------------------------------------ after sending


def correct(card: ReportCard, typed: Typed, *, actor: Actor, mail: bool = False) -> ReportCard:
    """The office puts right what a sent card says; old and new are in the log. With `mail` the client gets it anew.

    Refused: without Permission.SCHEDULE (NotAllowed); a draft (WrongState); what cannot be kept (Unfit); what somebody
    else changed meanwhile (Crossed). Nothing is saved then. Nothing different changes nothing and mails nothing.
    """
    _lock(card)
    actor.require(Permission.SCHEDULE)
    require_writer(card.job, actor=actor)
    if card.state is not ReportState.SENT:
        raise WrongState("report_draft", N_("This report card was not sent yet, so it is not corrected but written."))
    merged = _Merge(card, typed, actor)
    merged.read()
    if merged.problems:
        raise Unfit(merged.problems)
    if merged.sides:
        raise Crossed(merged.sides)
    if not merged.changes and not merged.texts:
        return card
    said = merged.in_words()
    merged.write()
    mark_corrected(card, actor=actor, changes=said)
    if mail:
        report_news.mail_client(card, report_views.told(card, to_client=True), anew=True)
    return card


def mark_corrected(card: ReportCard, *, actor: Actor, **facts: object) -> None:
    """A sent card says something else from now on: the day of it, and the log."""
    card.corrected_at = clock.now()
    db.session.flush()
    activity.record("report_card.corrected", actor=actor, subject=card, client=card.job.client, name=str(card.job.service_item), **facts)  # fmt: skip
    db.session.flush()


def thank(card: ReportCard, *, actor: Actor, words: str = "") -> ReportCard:
    """The client says thanks, once, with or without words; the office reads it on HOME, the sitter by mail.

    Refused: a card that is not theirs to read (NotAllowed); more than 1,000 characters (Invalid); a second time, whoever
    of the household was first (WrongState).
    """
    _lock(card)
    client = card.job.client
    theirs = actor.client is not None and actor.client.id == client.id
    if not theirs or report_views.find(card.public_id, report_views.of_client(client)) is None:
        raise NotAllowed("not_yours", N_("This report card is not yours."))
    said = tidy(words)
    if len(said) > MAX_THANKS:
        raise Invalid("thanks_long", N_("Use at most %(most)s characters; these are %(n)s."), field="words", most=MAX_THANKS, n=len(said))  # fmt: skip
    if card.thanked_at is not None:
        raise WrongState("thanked", N_("Thanks were said for this visit already. They were passed on."))
    card.thanked_at, card.thanks, card.thanked_by = clock.now(), said, actor.client_login
    db.session.flush()
    report_news.tell_thanks(card)
    activity.record("report_card.thanked", actor=actor, subject=card, client=client, service=card.job.service_item.name)
    db.session.flush()
    return card
