"""The office decides about what clients asked: visit by visit, also within one request for many.

A visit that began meanwhile, or that somebody changed, is not decided: its item ends as expired or superseded, and
the client is told. The figures are those that the client was shown, whatever the rules say by now.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from foundation import clock
from foundation.db import db
from models import ChangeItem, ChangeKind, ChangeRequest, ChangeState, Initiator, Job, RefundTo
from workflows import activity, cancelling, following, outbox, pricing, repeats
from workflows.actors import Actor
from workflows.billing import note_hooks
from workflows.cancellation import Outcome
from workflows.change_asking import reason_text
from workflows.change_facts import is_about_following
from workflows.change_preview import preview_end
from workflows.change_requests import by_request, fresh_items, log, log_over, move, settle, why_over
from workflows.changing import Change, change
from workflows.errors import N_, Invalid, WrongState
from workflows.locks import lock_client
from workflows.mail_facts import ClientMessage, MailKind
from workflows.permissions import Permission
from workflows.repeat_patterns import Pattern
from workflows.wanted import clean_note

MOST_REASON = 255


@dataclass(frozen=True)
class FeeDecision:
    """The figures that the office takes for an item; `why` is needed when they are not those that the client was shown."""

    fee: Decimal
    sitter_pay: Decimal
    why: str = ""
    refund_to: RefundTo | None = None


@dataclass(frozen=True)
class Decided:
    """What a decision came to."""

    decided: list[ChangeItem]
    #: items that could not be decided any more: superseded or expired, and told to the client
    over: list[ChangeItem] = field(default_factory=list)
    #: requests of which nothing waits any more: their clients were mailed
    closed: list[ChangeRequest] = field(default_factory=list)


def approve(
    items: Sequence[ChangeItem],
    *,
    actor: Actor,
    fees: Mapping[int, FeeDecision] | None = None,
    note: str = "",
    accept: Iterable[str] = (),
    edited: Change | None = None,
    visit_fees: Mapping[int, FeeDecision] | None = None,
    series: Pattern | None = None,
    now: dt.datetime | None = None,
) -> Decided:
    """Say yes to items of one client: the visits are cancelled or changed as asked; a single change as `edited`, one of
    a series as `series`.

    In this order: items whose visit began or changed end undecided; cancellations take the figures that the client
    was shown, or `fees` ({item id: decision}, with a reason); changes take the price that was shown (a quote of now
    when `edited`) plus the fee of a moved date; series are changed, paused or ended from the days that were asked for,
    and what that calls off costs what the client was shown, or `visit_fees` ({visit id: decision}, with a reason); the
    sitters are told; the client gets one mail for each request of which nothing waits any more; the log. Refused, and then
    nothing changes: decided already (WrongState); a day of a change that is past by now (Invalid 'target_past'); other
    figures without a reason or permission; conflicts whose tokens are not in `accept` (ConflictsFound).
    """
    text, at = clean_note(note), now or clock.now()
    current, over = _take(items, actor=actor, now=at)
    wrong = len(current) != 1 or current[0].request.kind is not ChangeKind.CHANGE
    if (edited or series) and (wrong or is_about_following(current[0]) is not (series is not None)):
        raise Invalid("edit_one", N_("Change one visit at a time."))
    figures = {item.id: _figures(item, (fees or {}).get(item.id), actor=actor) for item in current}
    for item in current:
        move(item, ChangeState.APPROVED, note=text)
    db.session.flush()
    _cancel([i for i in current if i.request.kind is ChangeKind.CANCEL], figures, actor=actor)
    accepted = list(accept)
    for item in current:
        if is_about_following(item):
            following.carry_out(item, series, visit_fees or {}, actor=actor)
        elif item.request.kind is ChangeKind.CHANGE:
            _change(item, figures[item.id], edited, actor=actor, accept=accepted, now=at)
        elif item.repeat is not None:
            _change_series(item, visit_fees or {}, actor=actor)
    return _end(current, over, "change_request.approved", answer=text, actor=actor)


def deny(items: Sequence[ChangeItem], *, actor: Actor, note: str, now: dt.datetime | None = None) -> Decided:
    """Say no to items of one client, with a word that the client reads; the visits stay as they are.

    Possible at any time, also after the notice limit. The client gets one mail for each request of which nothing waits
    any more; the log. Refused: no word why (Invalid), decided already (WrongState).
    """
    text = clean_note(note)
    if not text:
        raise Invalid("no_reason", N_("Write the client a word why."), field="note")
    current, over = _take(items, actor=actor, now=now or clock.now())
    for item in current:
        move(item, ChangeState.DENIED, note=text)
    return _end(current, over, "change_request.denied", answer=text, actor=actor)


def put_away(request: ChangeRequest, *, actor: Actor, answer: str = "") -> ChangeRequest:
    """A general message was dealt with: with an answer, which is mailed to the client, or without; logged.

    Refused with WrongState when it was dealt with already.
    """
    actor.require(Permission.SCHEDULE)
    text = clean_note(answer)
    lock_client(request.client_id)
    db.session.refresh(request)
    if request.kind is not ChangeKind.MESSAGE or not request.is_open:
        raise WrongState("message_closed", N_("This message was dealt with already. Nothing was changed."))
    request.is_open, request.closed_at, request.answer = False, clock.now(), text
    request.decided_by_id = actor.staff.id if actor.staff else None
    client = request.client
    if text:
        facts = ClientMessage(str(client), client.account_number, request.body, text, actor.name)
        outbox.queue_client_mail(
            MailKind.CLIENT_MESSAGE_ANSWERED, facts, client=client, dedupe_key=f"client_message_answered:{request.id}"
        )
    activity.record("change_request.message_closed", actor=actor, subject=request, client=client, message=text)
    db.session.flush()
    return request


# ---------------------------------------------------------------------------------------------------------- inside


def _take(
    items: Sequence[ChangeItem], *, actor: Actor, now: dt.datetime
) -> tuple[list[ChangeItem], list[tuple[ChangeItem, ChangeState]]]:
    """The items as they are now, under the lock, apart from those that have come to an end by themselves."""
    actor.require(Permission.SCHEDULE)
    if not items:
        raise Invalid("no_items", N_("Tick at least one visit."))
    client_id, ids = items[0].request.client_id, {i.id for i in items}
    lock_client(client_id)
    current = [i for i in fresh_items(ids) if i.request.client_id == client_id]
    if len(current) != len(ids):
        raise Invalid("no_items", N_("Tick at least one visit."))
    for item in current:
        if item.state is not ChangeState.PENDING:
            move(item, item.state)  # raises, with what happened
    ends = [(item, why_over(item, now)) for item in current]
    return [i for i, why in ends if why is None], [(i, why) for i, why in ends if why is not None]


def _figures(item: ChangeItem, decision: FeeDecision | None, *, actor: Actor) -> FeeDecision:
    """The figures to take: those that the client was shown, or the office's own with the reason noted on the item."""
    shown = FeeDecision(item.fee or Decimal(0), item.sitter_pay or Decimal(0), "", item.refund_to)
    if decision is None:
        return shown
    why = " ".join(decision.why.split())
    if (decision.fee, decision.sitter_pay) != (shown.fee, shown.sitter_pay):
        actor.require(Permission.FEES)
        if not why:
            raise Invalid("no_fee_reason", N_("Say why you take other figures than your policy's."), field="fee_reason")
        if len(why) > MOST_REASON:
            raise Invalid("fee_reason_long", N_("Say why in at most %(most)s characters."), field="fee_reason", most=MOST_REASON)  # fmt: skip
        most = item.price_before if item.price_before is not None else decision.fee
        if not 0 <= decision.fee <= most:
            raise Invalid("fee_range", N_("The fee must be between 0 and the visit's price, %(price)s."), field="charge", price=most)  # fmt: skip
        if decision.sitter_pay < 0:
            raise Invalid("pay_range", N_("The sitter's pay cannot be below 0."), field="sitter_pay")
        item.fee, item.sitter_pay, item.fee_reason = decision.fee, decision.sitter_pay, why
    item.refund_to = decision.refund_to or item.refund_to
    return FeeDecision(decision.fee, decision.sitter_pay, why, item.refund_to)


def _cancel(items: Sequence[ChangeItem], figures: Mapping[int, FeeDecision], *, actor: Actor) -> None:
    """Call the visits off, together where the request and the reason for other figures are the same."""
    groups: dict[tuple[ChangeRequest, str], list[ChangeItem]] = defaultdict(list)
    for item in items:
        groups[item.request, figures[item.id].why].append(item)
    for (request, why), own in groups.items():
        jobs: list[Job] = [i.job for i in own if i.job is not None]
        outcomes = {
            i.job_id: Outcome(f.fee, f.sitter_pay, f.refund_to or RefundTo.CREDIT, i.rule_name)
            for i in own
            if i.job_id is not None and (f := figures[i.id])
        }
        shown = {i.job_id: _shown(i) for i in own if i.job_id is not None}
        cancelling.cancel(
            jobs, actor=actor, reason=reason_text(request), mail_client=False, initiator=Initiator.CLIENT,
            policy=shown, outcomes=outcomes, fee_reason=why, change_request=request,
        )  # fmt: skip


def _shown(item: ChangeItem) -> Outcome:
    """The policy's outcome as the client was shown it; the item itself may have the office's figures by now."""
    charge, pay = item.request.snapshot["figures"][item.public_id]
    return Outcome(Decimal(charge), Decimal(pay), item.refund_to or RefundTo.CREDIT, item.rule_name)


def _change(
    item: ChangeItem,
    figures: FeeDecision,
    edited: Change | None,
    *,
    actor: Actor,
    accept: Iterable[str],
    now: dt.datetime,
) -> None:
    """Change the visit as asked, and give it the price that the client was shown, plus the fee of a moved date."""
    job = item.job
    if job is None or item.new_service_item is None or item.new_on_date is None:
        raise WrongState("item_superseded", N_("The visit was changed or cancelled meanwhile. Nothing was changed."))
    wanted = edited or Change(
        item=item.new_service_item, on_date=item.new_on_date, start_time=item.new_start_time,
        block=item.new_time_block, sitter=job.sitter, pets=item.new_pets, note=item.new_note,
        staff_note=job.staff_note, ends_on=item.new_ends_on, end_time=item.new_end_time,
    )  # fmt: skip
    if max(wanted.on_date, wanted.ends_on or wanted.on_date) < clock.to_local(now).date():
        raise Invalid("target_past", N_("The day that was asked for is past by now. Choose another one, or say no."), field="on_date")  # fmt: skip
    changed = change(job, wanted, actor=actor, accept=accept)
    snapshot = item.request.snapshot
    price, pay, lines = changed.price, changed.sitter_pay, list(changed.price_lines)
    if edited is None and item.price_after is not None:
        price, pay = item.price_after, Decimal(snapshot["pay_after"])
        lines = snapshot["price_lines"] or lines
    lines = [*lines, *pricing.fee_lines(figures.fee, figures.sitter_pay, item.rule_name)]
    before = changed.price, changed.sitter_pay
    changed.price, changed.sitter_pay, changed.price_lines = price + figures.fee, pay + figures.sitter_pay, lines
    if before != (changed.price, changed.sitter_pay):
        db.session.flush()
        note_hooks.follow([changed], actor=actor)
        activity.record(
            "job.priced", actor=actor, subject=changed, client=changed.client, fee_reason=figures.why,
            changes={"price": [before[0], changed.price], "sitter_pay": [before[1], changed.sitter_pay]},
        )  # fmt: skip


def _change_series(item: ChangeItem, visit_fees: Mapping[int, FeeDecision], *, actor: Actor) -> None:
    """Pause or end the series on the days that were asked for; its visits are called off as `repeats` says."""
    request, reason = item.request, reason_text(item.request)
    if item.repeat is None or item.last_on is None:
        return
    if request.kind is ChangeKind.PAUSE and item.first_on is not None:
        repeats.pause(item.repeat, item.first_on, item.last_on, actor=actor, reason=reason, initiator=Initiator.CLIENT)
    elif request.kind is ChangeKind.END:
        shown = {job.id: o for job, o in preview_end(item.repeat, item.last_on, shown=request.snapshot).lines}
        own = {job_id: d for job_id, d in visit_fees.items() if job_id in shown}
        outcomes = {job_id: replace(shown[job_id], charge=d.fee, sitter_pay=d.sitter_pay) for job_id, d in own.items()}
        why = next((d.why for d in own.values() if d.why), "") if outcomes != {i: shown[i] for i in own} else ""
        done = repeats.end(
            item.repeat, item.last_on, actor=actor, reason=reason, initiator=Initiator.CLIENT, policy=shown,
            outcomes=outcomes, fee_reason=why,
        )  # fmt: skip
        item.fee = sum((job.price for job in done.cancelled), Decimal(0))
        item.sitter_pay, item.fee_reason = sum((job.sitter_pay for job in done.cancelled), Decimal(0)), why


def _end(
    current: list[ChangeItem], over: list[tuple[ChangeItem, ChangeState]], verb: str, *, answer: str, actor: Actor
) -> Decided:
    """Log, and close the requests of which nothing waits any more: one mail each, about all of its visits."""
    for item, why in over:
        move(item, why)
    ended = [item for item, _why in over]
    closed = []
    for request, own in by_request([*current, *ended]).items():
        log_over(request, own, actor=actor)
        if decided := [i for i in own if i not in ended]:
            log(verb, request, decided, actor=actor, reason=answer, fees=[str(i.fee) for i in decided if i.fee])
        if settle(request, own, actor=actor, answer=answer):
            closed.append(request)
    db.session.flush()
    return Decided(current, ended, closed)
