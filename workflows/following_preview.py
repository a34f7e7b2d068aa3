"""What a client's wish for "this and all following" of a series would do and cost, visit by visit.

The office's decision carries out the same by `repeat_changes.go_on_with`, at the figures that the client was shown.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from foundation import clock
from foundation.db import db
from models import ChangeItem, Initiator, Job, Pet, RefundTo, Repeat, ServiceItem, TimeBlock, TimeType
from workflows import cancellation, limits, price_books, pricing, repeat_changes, repeat_places, settings
from workflows.cancellation import Outcome
from workflows.change_facts import week_of_series
from workflows.errors import N_, Invalid
from workflows.limits import Use
from workflows.repeat_clashes import DayBook, Found
from workflows.repeat_outlook import Outlook, plans
from workflows.repeat_patterns import Occurrence, Pattern, PatternTime
from workflows.repeat_places import Places
from workflows.wanted import clean_note


@dataclass(frozen=True)
class SeriesWish:
    """What a client wants a series to be. Every field is given; unchanged ones as they are. The rest is the office's."""

    item: ServiceItem
    times: Sequence[PatternTime]
    pets: Sequence[Pet] = ()
    note: str = ""


@dataclass(frozen=True)
class Line:
    """One visit: as it is (None: it does not exist yet) and where it would be (None: it is called off)."""

    job: Job | None
    place: Occurrence | None
    price_before: Decimal
    price_after: Decimal
    pay_after: Decimal
    #: of the new price, as `Job.price_lines` keeps them; [] when the price stays as it is
    price_lines: list[dict[str, Any]]
    #: the policy's outcome for a visit that is called off, or for a day that counts as a cancellation
    outcome: Outcome | None = None

    @property
    def on_date(self) -> dt.date:
        """Its day: the new one, else the one that it had."""
        return self.place.on_date if self.place else self.job.on_date if self.job else dt.date.max

    @property
    def fee(self) -> Decimal:
        """What the policy takes."""
        return self.outcome.charge if self.outcome else Decimal(0)

    @property
    def moves(self) -> bool:
        """Is it new, gone, or at another day or time than it was?"""
        if self.job is None or self.place is None:
            return True
        block_id = self.place.block.id if self.place.block else None
        return (self.job.on_date, self.job.start_time, self.job.time_block_id) != (
            self.place.on_date, self.place.start_time, block_id,
        )  # fmt: skip


@dataclass(frozen=True)
class FollowingPreview:
    """A series from a day on, as the client wants it."""

    pattern: Pattern
    lines: tuple[Line, ...]
    policy_text: str

    @property
    def before(self) -> Decimal:
        """What the visits that exist cost now, together."""
        return sum((line.price_before for line in self.lines), Decimal(0))

    @property
    def after(self) -> Decimal:
        """What the visits of the same days would cost, together; fees apart."""
        return sum((line.price_after for line in self.lines), Decimal(0))

    @property
    def total(self) -> Decimal:
        """All fees together."""
        return sum((line.fee for line in self.lines), Decimal(0))

    @property
    def sitter_pay(self) -> Decimal:
        """What the sitters are paid for what is called off or moved away."""
        return sum((line.outcome.sitter_pay for line in self.lines if line.outcome), Decimal(0))

    @property
    def charged(self) -> tuple[tuple[Job, Outcome], ...]:
        """The visits that cost the client a fee, or the business its sitter."""
        found = [(x.job, x.outcome) for x in self.lines if x.job is not None and x.outcome is not None]
        return tuple((job, o) for job, o in found if o.charge or o.sitter_pay)

    @property
    def called_off(self) -> list[Line]:
        """Visits that have no place any more."""
        return [line for line in self.lines if line.place is None]

    @property
    def added(self) -> list[Line]:
        """Visits that do not exist yet."""
        return [line for line in self.lines if line.job is None]

    @property
    def rule_name(self) -> str:
        """The rules that charge, each once."""
        return ", ".join(dict.fromkeys(o.rule_name for _job, o in self.charged if o.rule_name))[:120]

    @property
    def mark(self) -> str:
        """Names exactly these figures; a form carries it."""
        text = " ".join(f"{_key(x)}={x.price_after:f}+{x.fee:f}" for x in self.lines)
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    def kept(self) -> dict[str, Any]:
        """The figures as the snapshot of a request keeps them: each quote once, and each visit's place in them."""
        quotes: list[list[Any]] = []
        places: dict[str, int] = {}
        for line in self.lines:
            if line.place is not None:
                quote = [str(line.price_after), str(line.pay_after), line.price_lines]
                places[slot_key(line.place.on_date, line.place.start_time, line.place.block)] = _index(quotes, quote)
        return {
            "quotes": quotes,
            "places": places,
            "visits": [line.job.id for line in self.lines if line.job is not None],
            "charged": {str(j.id): [str(o.charge), str(o.sitter_pay), o.refund_to.value, o.rule_name] for j, o in self.charged},
        }  # fmt: skip


def _index(quotes: list[list[Any]], quote: list[Any]) -> int:
    if quote not in quotes:
        quotes.append(quote)
    return quotes.index(quote)


def slot_key(on_date: dt.date, start_time: dt.time | None, block: TimeBlock | None) -> str:
    """Names a visit of a series by its day and time, whether it exists or not."""
    return f"{on_date}|{start_time or ''}|{block.id if block else ''}"


def _key(line: Line) -> str:
    place = slot_key(line.place.on_date, line.place.start_time, line.place.block) if line.place else ""
    return f"{line.job.public_id if line.job else ''}>{place}"


def pattern_for(repeat: Repeat, wish: SeriesWish, from_on: dt.date) -> Pattern:
    """The pattern that the wish comes to: what the client does not decide stays as the series has it."""
    return Pattern(
        item=wish.item, times=wish.times, starts_on=from_on, ends_on=repeat.ends_on, every_weeks=repeat.every_weeks,
        week_starts=repeat.week_starts, sitter=repeat.sitter, pets=wish.pets, note=clean_note(wish.note),
        staff_note=repeat.staff_note,
    )  # fmt: skip


def as_it_is(repeat: Repeat) -> SeriesWish:
    """The wish that changes nothing."""
    times = [PatternTime(t.weekday, t.start_time, t.time_block) for t in repeat.times]
    return SeriesWish(repeat.service_item, times, tuple(repeat.pets), repeat.note)


def wish_of_series(item: ChangeItem) -> SeriesWish | None:
    """What a request about a series wants; None when a time of day that it needs does not exist any more."""
    week = item.request.snapshot.get("week", [])
    blocks = {block_id: db.session.get(TimeBlock, block_id) for _day, _time, block_id, _name in week if block_id}
    if item.new_service_item is None or None in blocks.values():
        return None
    times = [
        PatternTime(day, dt.time.fromisoformat(time) if time else None, blocks[block_id] if block_id else None)
        for day, time, block_id, _name in week
    ]
    return SeriesWish(item.new_service_item, times, tuple(item.new_pets), item.new_note)


# ------------------------------------------------------------------------------------------------------ the preview


def preview_following(
    repeat: Repeat, pattern: Pattern, *, shown: Mapping[str, Any] | None = None, now: dt.datetime | None = None
) -> FollowingPreview:
    """What the series would be with this pattern, for the visits that are made already and those of the same days.

    A visit for which nothing changes that its price depends on keeps it. A visit that loses its place costs what the
    policy says of a cancellation by the client; so does one that goes to another day, if the setting counts a new date
    as a cancellation. With `shown`, the snapshot of a request, visits cost what the client was shown.
    """
    pattern = repeat_changes.checked(repeat, pattern)
    new = repeat_places.sketch(repeat, pattern)
    found = repeat_places.work_out(repeat, new, repeat_places.made_until(repeat))
    fees = _fees(found, shown, now)
    days = [x.on_date for x in [*found.moved.values(), *found.missing]]
    book = price_books.load_book([repeat.client], *limits.span([pattern.starts_on, *days]))
    lines = [_moved(job, new, found.moved[job.id], book, fees.get(job.id)) for job in found.movers]
    lines += [Line(j, None, j.price, Decimal(0), Decimal(0), [], fees.get(j.id)) for j in found.left]
    lines += [_missing(new, place, book) for place in found.missing]
    if shown is not None:
        lines = [_as_shown(line, shown) for line in lines]
    lines.sort(key=lambda x: (x.on_date, x.place.begins if x.place else dt.time(0)))
    return FollowingPreview(pattern, tuple(lines), settings.read()["changes.policy_text"])


def _fees(found: Places, shown: Mapping[str, Any] | None, now: dt.datetime | None) -> dict[int, Outcome]:
    jobs = [*found.left]
    if settings.read()["changes.count_as_cancel"]:
        jobs += [job for job in found.movers if found.moved[job.id].on_date != job.on_date]
    fees = cancellation.preview(jobs, initiator=Initiator.CLIENT, now=now) if jobs else {}
    return {job_id: shown_fee(shown, job_id, fee) for job_id, fee in fees.items()}


def shown_fee(shown: Mapping[str, Any] | None, job_id: int, fee: Outcome) -> Outcome:
    """The outcome that the client was shown for this visit, or `fee` for one that was made since."""
    if shown is None or job_id not in shown.get("visits", ()):
        return fee
    kept = shown.get("charged", {}).get(str(job_id))
    if kept is None:
        return cancellation.FREE
    charge, pay, refund_to, rule_name = kept
    return Outcome(Decimal(charge), Decimal(pay), RefundTo(refund_to), rule_name)


def shown_figures(
    shown: Mapping[str, Any], on_date: dt.date, start_time: dt.time | None, block: TimeBlock | None
) -> tuple[Decimal, Decimal, list[dict[str, Any]]] | None:
    """Price, pay and lines that the client was shown for this day and time, or None for a visit that was not shown."""
    index = shown.get("places", {}).get(slot_key(on_date, start_time, block))
    if index is None:
        return None
    price, pay, lines = shown["quotes"][index]
    return Decimal(price), Decimal(pay), lines


def _moved(job: Job, new: Repeat, place: Occurrence, book: price_books.Book, outcome: Outcome | None) -> Line:
    if repeat_places.keeps_figures(job, new, place):
        return Line(job, place, job.price, job.price, job.sitter_pay, [], outcome)
    figures = repeat_places.quote(new, place, book)
    return Line(
        job, place, job.price, figures.price, figures.sitter_pay, pricing.lines_to_keep(figures), outcome
    )  # fmt: skip


def _missing(new: Repeat, place: Occurrence, book: price_books.Book) -> Line:
    figures = repeat_places.quote(new, place, book)
    return Line(None, place, Decimal(0), figures.price, figures.sitter_pay, pricing.lines_to_keep(figures))


def _as_shown(line: Line, shown: Mapping[str, Any]) -> Line:
    place = line.place
    figures = shown_figures(shown, place.on_date, place.start_time, place.block) if place else None
    if figures is None:
        return line
    return Line(line.job, place, line.price_before, *figures, line.outcome)


def conflicts_of(repeat: Repeat, preview: FollowingPreview) -> list[Found]:
    """What speaks against giving the series' sitter the visits that are new or at another time. Three queries."""
    new = repeat_places.sketch(repeat, preview.pattern)
    sitter, placed = preview.pattern.sitter, [line for line in preview.lines if line.place is not None]
    if sitter is None or not (sitter.is_active and sitter.is_sitter) or not placed:
        return []
    outlook, found = Outlook(new, sitter.id, list(new.pets)), list[Found]()
    own = {line.job.id for line in preview.lines if line.job is not None}
    book = DayBook({sitter.id}, placed[0].on_date, placed[-1].on_date, without=own)
    for line, visit in zip(placed, plans(outlook, (x.place for x in placed if x.place is not None)), strict=True):
        found += book.find(visit) if line.moves else []
        book.add(visit)
    return found


# ------------------------------------------------------------------------------------------------------- refusals


def check_following(
    repeat: Repeat, wish: SeriesWish, preview: FollowingPreview, *, now: dt.datetime | None = None
) -> None:
    """Refuse a wish that makes no sense, comes too late, or is outside of the hours (Invalid); the form asks the same."""
    at, values, item = now or clock.now(), settings.read(), wish.item
    if item.id != repeat.service_item_id and not (item.is_active and item.visible_in_portal):
        raise Invalid("item_hidden", N_("%(service)s is no longer offered online."), field="service", service=item.name)
    _check_blocks(repeat, wish)
    before = (repeat.service_item_id, _times(repeat), {p.id for p in repeat.pets}, repeat.note)
    new = repeat_places.sketch(repeat, preview.pattern)
    if before == (item.id, _times(new), {p.id for p in wish.pets}, clean_note(wish.note)):
        raise Invalid("nothing_changed", N_("Nothing is different yet. Change what you would like to have."))
    for line in preview.lines:
        refusal = limits.why_not_touch(line.job, use=Use.CHANGE, values=values, now=at) if line.job else None
        if refusal:
            raise refusal.error(field="visits")
    seen = set()
    for place in (x.place for x in preview.lines if x.place is not None):
        if (place.on_date.weekday(), place.time_id) in seen:
            continue
        seen.add((place.on_date.weekday(), place.time_id))
        refusal = limits.why_not_target(
            item, place.on_date, start_time=place.start_time, block=place.block, values=values, now=at,
            known=limits.calendar(place.on_date, place.on_date),
        )  # fmt: skip
        if refusal and refusal.code != "too_far":
            raise refusal.error(field="times")


def _check_blocks(repeat: Repeat, wish: SeriesWish) -> None:
    if wish.item.time_type is not TimeType.TIME_BLOCK:
        return
    allowed = {b.id for b in wish.item.time_blocks if b.is_active}
    if wish.item.id == repeat.service_item_id:
        allowed |= {t.time_block_id for t in repeat.times if t.time_block_id is not None}
    if any(t.block is not None and t.block.id not in allowed for t in wish.times):
        raise Invalid("foreign_block", N_("Choose among the times of this service."), field="times")


def _times(repeat: Repeat) -> list[list[Any]]:
    return [row[:3] for row in week_of_series(repeat)]
