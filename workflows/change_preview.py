"""What asking about a visit would cost: the figures that the client is shown, and the wish that they belong to.

Asking computes them again by the same functions; the mark tells whether they are still those that were shown.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from foundation import clock
from models import ChangeItem, Client, Initiator, Job, Pet, RefundTo, Repeat, ServiceItem, TimeBlock, TimeType
from workflows import cancellation, limits, price_books, pricing, repeats, settings
from workflows.cancellation import Outcome
from workflows.errors import N_, Conflict, Invalid
from workflows.jobs import Stay, check_stay
from workflows.plans import last_day
from workflows.wanted import Wanted, clean_note, slots


def _plain(figure: Decimal) -> str:
    """The same text for 20 and 20.00."""
    return format(figure.normalize(), "f")


@dataclass(frozen=True)
class CancelPreview:
    """What calling these visits off now costs, as the client is shown it."""

    lines: tuple[tuple[Job, Outcome], ...]
    policy_text: str

    @property
    def total(self) -> Decimal:
        """All fees together."""
        return sum((outcome.charge for _job, outcome in self.lines), Decimal(0))

    @property
    def mark(self) -> str:
        """Names exactly these figures; a form carries it, so that nobody is charged what they were not shown."""
        return " ".join(f"{job.public_id}={_plain(outcome.charge)}" for job, outcome in self.lines)


@dataclass(frozen=True)
class EndPreview:
    """What ending a repeating service costs: every visit that it calls off, and which of them the policy charges."""

    lines: tuple[tuple[Job, Outcome], ...]
    policy_text: str

    @property
    def total(self) -> Decimal:
        """All fees together."""
        return sum((outcome.charge for _job, outcome in self.lines), Decimal(0))

    @property
    def sitter_pay(self) -> Decimal:
        """What the sitters are paid all the same."""
        return sum((outcome.sitter_pay for _job, outcome in self.lines), Decimal(0))

    @property
    def charged(self) -> tuple[tuple[Job, Outcome], ...]:
        """The visits that cost the client something, or the business its sitter."""
        return tuple((job, outcome) for job, outcome in self.lines if outcome.charge or outcome.sitter_pay)

    @property
    def rule_name(self) -> str:
        """The rules that charge, each once."""
        return ", ".join(dict.fromkeys(o.rule_name for _job, o in self.charged if o.rule_name))[:120]

    @property
    def mark(self) -> str:
        """Names exactly these figures, as `CancelPreview.mark`; "" when it is free."""
        return " ".join(f"{job.public_id}={_plain(o.charge)}" for job, o in self.lines if o.charge)

    def kept(self) -> dict[str, list[str]]:
        """The charged visits as the snapshot of a request keeps them; `preview_end` reads them."""
        return {
            str(job.id): [str(o.charge), str(o.sitter_pay), o.refund_to.value, o.rule_name] for job, o in self.charged
        }


def is_stay(item: ServiceItem, end_time: dt.time | None) -> bool:
    """Does such a visit last until an end of its own, in whole days or with a time? Others end after their minutes."""
    return end_time is not None or item.time_type is TimeType.ALL_DAY


@dataclass(frozen=True)
class Wish:
    """What a client wants a visit to be. Every field is given; unchanged ones as they are."""

    item: ServiceItem
    on_date: dt.date
    start_time: dt.time | None = None
    block: TimeBlock | None = None
    pets: Sequence[Pet] = ()
    note: str = ""
    ends_on: dt.date | None = None
    end_time: dt.time | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pets", tuple(dict.fromkeys(self.pets)))  # a pet that is named twice goes once

    @property
    def last_on(self) -> dt.date:
        """The last day that it touches."""
        all_day = self.item.time_type is TimeType.ALL_DAY
        return self.ends_on or last_day(
            self.on_date, start_time=self.start_time, minutes=self.item.duration_minutes, block=self.block, all_day=all_day
        )  # fmt: skip


def wish_of(item: ChangeItem) -> Wish | None:
    """What a change request wants, or None for anything else."""
    if item.new_service_item is None or item.new_on_date is None:
        return None
    return Wish(
        item.new_service_item, item.new_on_date, item.new_start_time, item.new_time_block, item.new_pets, item.new_note,
        item.new_ends_on, item.new_end_time,
    )  # fmt: skip


@dataclass(frozen=True)
class ChangePreview:
    """What a visit costs now and would cost as it is wanted, and the fee where a new date counts as a cancellation."""

    job: Job
    wish: Wish
    price_before: Decimal
    price_after: Decimal
    #: None where the change costs nothing extra
    outcome: Outcome | None
    policy_text: str
    #: the lines of the new price, as `Job.price_lines` keeps them; [] when the price stays as it is
    price_lines: list[dict[str, Any]]
    #: the sitter's pay for the visit as it is wanted
    pay_after: Decimal

    @property
    def fee(self) -> Decimal:
        """What the change itself costs, on top of the new price."""
        return self.outcome.charge if self.outcome else Decimal(0)

    @property
    def mark(self) -> str:
        """Names exactly these figures, as `CancelPreview.mark`."""
        return f"{self.job.public_id}={_plain(self.price_after)}+{_plain(self.fee)}"


class Shown(Protocol):
    """Any of the previews."""

    @property
    def mark(self) -> str:
        """Names exactly its figures."""


class FiguresChanged(Conflict):
    """The figures are not those that the client was shown any more: nothing was sent; show `preview` and ask again."""

    def __init__(self, preview: Shown) -> None:
        self.preview = preview
        super().__init__(
            "figures_changed", N_("The amounts changed meanwhile. Please look at them before you confirm.")
        )


def preview_cancel(client: Client, jobs: Sequence[Job], *, now: dt.datetime | None = None) -> CancelPreview:
    """What the client is shown before confirming: the fee of each visit, the total, the policy in words."""
    own = [j for j in jobs if j.client_id == client.id]
    outcomes = cancellation.preview(own, initiator=Initiator.CLIENT, now=now) if own else {}
    return CancelPreview(tuple((j, outcomes[j.id]) for j in own), settings.read()["changes.policy_text"])


def preview_end(repeat: Repeat, last_on: dt.date, *, shown: Mapping[str, Any] | None = None) -> EndPreview:
    """What the end of a series after `last_on` calls off when the client wishes it, and what the policy says of it.

    With `shown`, the snapshot of a request, visits cost what the client was shown (nothing, where nothing was); only
    those that were made since are looked at afresh.
    """
    jobs = repeats.ended_visits(repeat, last_on)
    fees = cancellation.preview(jobs, initiator=Initiator.CLIENT, ends_series=True) if jobs else {}
    if shown is not None:
        known = set(shown.get("visits", ()))
        kept = {job_id: _outcome(figures) for job_id, figures in shown.get("charged", {}).items()}
        fees = {
            job_id: kept.get(str(job_id), cancellation.FREE) if job_id in known else fee for job_id, fee in fees.items()
        }
    return EndPreview(tuple((job, fees[job.id]) for job in jobs), settings.read()["changes.policy_text"])


def _outcome(kept: Sequence[str]) -> Outcome:
    charge, pay, refund_to, rule_name = kept
    return Outcome(Decimal(charge), Decimal(pay), RefundTo(refund_to), rule_name)


def preview_change(client: Client, job: Job, wanted: Wish, *, now: dt.datetime | None = None) -> ChangePreview:
    """What the client is shown: price before and after, and the policy's fee if a new date counts as a cancellation.

    As when the office changes it, an agreed price stays unless the price list makes a difference between the visit as
    it is and as it is wanted. Rules that ask for notice count it from now for a new day or time.
    """
    at = now or clock.now()
    values = settings.read()
    new_day = (wanted.on_date, wanted.last_on) != (job.on_date, job.ends_on)
    outcome = None
    if new_day and values["changes.count_as_cancel"]:
        outcome = cancellation.preview([job], initiator=Initiator.CLIENT, now=at)[job.id]
    price, pay, lines = job.price, job.sitter_pay, list[dict[str, Any]]()
    figures = _quote(client, job, wanted, new_day=new_day, now=at)
    if figures is not None:
        price, pay, lines = figures.price, figures.sitter_pay, pricing.lines_to_keep(figures)
    return ChangePreview(job, wanted, job.price, price, outcome, values["changes.policy_text"], lines, pay)


def _quote(client: Client, job: Job, wanted: Wish, *, new_day: bool, now: dt.datetime) -> price_books.Quote | None:
    """The list's figures for the wish, or None where they are no other than for the visit as it is."""
    begins, began = (pricing.start_of(x.start_time, x.block) for x in (wanted, _place(job)))
    n_days = pricing.charged_days(wanted.on_date, wanted.ends_on if is_stay(wanted.item, wanted.end_time) else None)
    listed = (wanted.item.id, {p.id for p in wanted.pets}, n_days)
    is_other = listed != (job.service_item_id, {p.id for p in job.pets}, pricing.days_of(job))
    if not (is_other or new_day or begins != began):
        return None
    book = price_books.load_book([client], *limits.span([job.on_date, wanted.on_date]))
    figures = pricing.quote(
        wanted.item, n_pets=len(wanted.pets), n_days=n_days, client=client, on_date=wanted.on_date, begins=begins,
        booked_at=now if new_day or begins != began else pricing.asked_at(job), book=book,
    )  # fmt: skip
    return figures if is_other or figures != pricing.quote_job(job, book=book) else None


def _place(job: Job) -> Wish:
    return Wish(job.service_item, job.on_date, job.start_time, job.time_block)


def check_wish(client: Client, job: Job, wanted: Wish, *, now: dt.datetime | None = None) -> None:
    """Refuse a wish that makes no sense (Invalid, with the field); the preview on the form asks the same."""
    item = wanted.item
    if item.id != job.service_item_id and not (item.is_active and item.visible_in_portal):
        raise Invalid("item_hidden", N_("%(service)s is no longer offered online."), field="service", service=item.name)
    same_block = wanted.block is not None and wanted.block.id == job.time_block_id
    blocks = [wanted.block] if wanted.block else []
    asked = Wanted(item, [wanted.on_date], start_time=wanted.start_time, blocks=blocks, pets=wanted.pets)
    list(slots(asked, client, any_block=same_block and item.id == job.service_item_id))
    if is_stay(item, wanted.end_time) and wanted.ends_on is not None:
        check_stay(Stay(wanted.on_date, wanted.ends_on, wanted.start_time, wanted.end_time))
    before = (
        job.service_item_id, job.on_date, job.ends_on, job.start_time, job.end_time, job.time_block_id,
    )  # fmt: skip
    after = (
        item.id, wanted.on_date, wanted.last_on, wanted.start_time, wanted.end_time,
        wanted.block.id if wanted.block else None,
    )  # fmt: skip
    if before != after:
        days = limits.calendar(wanted.on_date, wanted.last_on)
        refusal = limits.why_not_target(
            item, wanted.on_date, start_time=wanted.start_time, block=wanted.block, known=days,
            values=settings.read(), now=now or clock.now(), ends_on=wanted.last_on,
        )  # fmt: skip
        if refusal:
            raise refusal.error(field="dates")
    elif {p.id for p in wanted.pets} == {p.id for p in job.pets} and clean_note(wanted.note) == job.note:
        raise Invalid("nothing_changed", N_("Nothing is different yet. Change what you would like to have."))
