"""A client asks about visits in the schedule: what it would cost, and sending it.

What the client is shown is computed here, once, by the functions that asking uses itself; it is kept with the request,
and the office's decision takes the figures from there. The visit itself stands until somebody decides, except for
cancellations that the business approves automatically.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

from foundation import clock
from foundation.db import db
from models import (
    CancellationReason,
    ChangeItem,
    ChangeKind,
    ChangeRequest,
    ChangeState,
    Client,
    Initiator,
    Job,
    NotificationKind,
    Repeat,
)
from workflows import activity, cancelling, limits, notifications, outbox, settings
from workflows.actors import Actor
from workflows.cancellation import Outcome
from workflows.change_facts import changed_visit, old_facts, repeat_facts, said
from workflows.change_preview import (
    CancelPreview,
    ChangePreview,
    FiguresChanged,
    Wish,
    check_wish,
    preview_cancel,
    preview_change,
    preview_end,
)
from workflows.change_requests import (
    auto_approves,
    cancellations_are_on,
    changes_are_on,
    has_begun,
    log,
    messages_are_on,
    move,
    require_own,
    series_are_on,
    waiting_for,
    waiting_of,
)
from workflows.errors import N_, Invalid, NotAllowed
from workflows.jobs import fresh_jobs
from workflows.limits import Refusal, Use
from workflows.locks import lock_client
from workflows.mail_facts import ChangeAsked, ClientMessage, MailKind
from workflows.wanted import MAX_LINES, clean_note

#: a longer pause is an end
MAX_PAUSE_DAYS = 366

# ------------------------------------------------------------------------------------------------------- may I?


def why_not(
    job: Job,
    use: Use,
    *,
    values: settings.Values,
    now: dt.datetime,
    waiting: Mapping[int, ChangeItem],
) -> Refusal | None:
    """Why a client may not ask to change or cancel this visit now, or None. `waiting`: what they wait for already."""
    if job.id in waiting:
        return Refusal("asked_already", N_("You asked about this visit already. Withdraw that first."), {})
    refusal = limits.why_not_touch(job, use=use, values=values, now=now)
    if refusal is None and has_begun(job, now):
        return Refusal("job_begun", N_("This visit is about to begin or has begun."), {}, too_late=True)
    return refusal


def _own_jobs(client: Client, jobs: Sequence[Job]) -> list[Job]:
    """The visits as they are now, in order; nobody else's, none of internal services, none that is gone."""
    if not jobs:
        raise Invalid("no_jobs", N_("Tick at least one visit."), field="visits")
    ids = {j.id for j in jobs}
    if len(ids) > MAX_LINES:
        raise Invalid("too_many", N_("That is too much at once: at most %(most)s visits in one request."), field="visits", most=MAX_LINES)  # fmt: skip
    found = [j for j in fresh_jobs(ids) if j.client_id == client.id and not j.service_item.is_internal]
    if len(found) != len(ids):
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))
    return found


def _check_may(jobs: Sequence[Job], use: Use, now: dt.datetime) -> None:
    waiting = waiting_for(j.id for j in jobs)
    for job in jobs:
        refusal = why_not(job, use, values=settings.read(), now=now, waiting=waiting)
        if refusal:
            raise refusal.error(field="visits")


# --------------------------------------------------------------------------------------------------- cancellations


def ask_to_cancel(
    client: Client,
    jobs: Sequence[Job],
    *,
    actor: Actor,
    reason: CancellationReason | None = None,
    body: str = "",
    seen: str | None = None,
    now: dt.datetime | None = None,
) -> ChangeRequest:
    """Ask to call off one or several visits, in one request. `seen` is the mark of the preview that was shown.

    In this order: a request with an item for each visit and the figures as shown. Approved automatically: the visits
    are cancelled at once with these figures, and the mail says so; else they stand, and the mail says that it is being
    reviewed. One mail with copies and to the admin inbox; HOME; the client's log. All or nothing. Refused: switched off
    or not the client's own (NotAllowed); a visit that has begun, was asked about already, or for which it is too late
    (Invalid, with the code of `limits`); a reason that is not offered (Invalid); other figures by now than `seen`
    (FiguresChanged).
    """
    require_own(client, actor=actor, is_on=cancellations_are_on())
    text, at = clean_note(body), now or clock.now()
    if reason is not None and not (reason.is_active and reason.for_clients):
        raise Invalid("bad_reason", N_("Choose a reason from the list."), field="reason")
    lock_client(client.id)
    found = _own_jobs(client, jobs)
    _check_may(found, Use.CANCEL, at)
    preview = preview_cancel(client, found, now=at)
    if seen is not None and seen != preview.mark:
        raise FiguresChanged(preview)
    at_once = auto_approves()
    request = ChangeRequest(
        client=client, kind=ChangeKind.CANCEL, reason=reason, body=text, auto_approved=at_once,
        items=[_cancel_item(job, outcome) for job, outcome in preview.lines],
    )  # fmt: skip
    keep(request, policy=preview.policy_text, total=preview.total, shown=preview.mark)
    if at_once:
        _cancel_now(request, preview, actor)
    else:
        notify(NotificationKind.CANCELLATION_REQUESTED, request)
    kind = MailKind.VISIT_CANCELLED_BY_CLIENT if at_once else MailKind.CANCELLATION_REQUESTED
    mail_asked(kind, request, total=preview.total)
    log("change_request.auto_cancelled" if at_once else "change_request.cancel_asked", request, request.items, actor=actor, reason=reason_text(request))  # fmt: skip
    db.session.flush()
    return request


def keep(request: ChangeRequest, **shown: object) -> None:
    """Store the request with the snapshot of what the client was shown: approval takes the figures from there."""
    db.session.add(request)
    db.session.flush()
    figures = {i.public_id: [i.fee or Decimal(0), i.sitter_pay or Decimal(0)] for i in request.items}
    request.snapshot = activity.plain({**shown, "figures": figures})
    db.session.flush()


def _cancel_item(job: Job, outcome: Outcome) -> ChangeItem:
    return ChangeItem(
        job=job, job_version=job.version, old=old_facts(job), price_before=job.price, fee=outcome.charge,
        sitter_pay=outcome.sitter_pay, refund_to=outcome.refund_to, rule_name=outcome.rule_name,
    )  # fmt: skip


def _cancel_now(request: ChangeRequest, preview: CancelPreview, actor: Actor) -> None:
    for item in request.items:
        move(item, ChangeState.APPROVED)
    request.is_open, request.closed_at = False, clock.now()
    db.session.flush()
    cancelling.cancel(
        [job for job, _outcome in preview.lines], actor=actor, reason=reason_text(request), mail_client=False,
        initiator=Initiator.CLIENT, policy={job.id: outcome for job, outcome in preview.lines}, change_request=request,
    )  # fmt: skip


def reason_text(request: ChangeRequest) -> str:
    """The reason of the list and the client's own words, as far as there are any."""
    return ": ".join(part for part in (request.reason.name if request.reason else "", request.body) if part)


# --------------------------------------------------------------------------------------------------------- changes


def ask_to_change(
    client: Client,
    job: Job,
    wanted: Wish,
    *,
    actor: Actor,
    body: str = "",
    seen: str | None = None,
    now: dt.datetime | None = None,
) -> ChangeRequest:
    """Ask for another day, time, service, other pets or another note. A person always decides; the visit stands.

    In this order: a request with one item, what is wanted and the figures as shown; mail "being reviewed" with copies
    and to the admin inbox; HOME; the client's log. Refused: as `ask_to_cancel`, with the limits for changes; nothing is
    different; the new day or time is past, closed or out of hours; a service that is not offered, a block that is not
    its own, pets of others (Invalid with the field).
    """
    require_own(client, actor=actor, is_on=changes_are_on())
    text, note, at = clean_note(body), clean_note(wanted.note), now or clock.now()
    lock_client(client.id)
    (found,) = _own_jobs(client, [job])
    _check_may([found], Use.CHANGE, at)
    check_wish(client, found, wanted, now=at)
    preview = preview_change(client, found, wanted, now=at)
    if seen is not None and seen != preview.mark:
        raise FiguresChanged(preview)
    request = ChangeRequest(client=client, kind=ChangeKind.CHANGE, body=text, items=[_change_item(preview, note)])
    keep(
        request, policy=preview.policy_text, total=preview.fee, shown=preview.mark, price_lines=preview.price_lines,
        pay_after=preview.pay_after,
    )  # fmt: skip
    notify(NotificationKind.CHANGE_REQUESTED, request)
    mail_asked(MailKind.CHANGE_REQUESTED, request, total=preview.fee)
    log("change_request.change_asked", request, request.items, actor=actor, reason=text)
    db.session.flush()
    return request


def _change_item(preview: ChangePreview, note: str) -> ChangeItem:
    job, wish, outcome = preview.job, preview.wish, preview.outcome
    return ChangeItem(
        job=job, job_version=job.version, old=old_facts(job), new_service_item=wish.item, new_on_date=wish.on_date,
        new_ends_on=wish.ends_on, new_start_time=wish.start_time, new_end_time=wish.end_time, new_time_block=wish.block,
        new_note=note, new_pets=list(wish.pets), price_before=preview.price_before, price_after=preview.price_after,
        fee=preview.fee, sitter_pay=outcome.sitter_pay if outcome else None,
        rule_name=outcome.rule_name if outcome else "",
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- series


def ask_to_pause(
    client: Client, repeat: Repeat, first_on: dt.date, last_on: dt.date, *, actor: Actor, body: str = ""
) -> ChangeRequest:
    """Ask to have no visits of a repeating service on these days, first and last included. A person always decides.

    Mail "being reviewed" with copies and to the admin inbox; HOME; the client's log. Refused: switched off, not the
    client's own (NotAllowed); a series that has ended or was asked about already, days that are past or in the wrong
    order or more than a year (Invalid).
    """
    if last_on < first_on:
        raise Invalid("pause_order", N_("The pause must end after it starts."), field="last_on")
    if (last_on - first_on).days > MAX_PAUSE_DAYS:
        raise Invalid("pause_long", N_("A pause can last at most %(n)s days. Ask to end it instead."), field="last_on", n=MAX_PAUSE_DAYS)  # fmt: skip
    return _ask_series(ChangeKind.PAUSE, client, repeat, first_on, last_on, actor=actor, body=body)


def ask_to_end(
    client: Client, repeat: Repeat, last_on: dt.date, *, actor: Actor, body: str = "", seen: str | None = None
) -> ChangeRequest:
    """Ask to end a repeating service after its last day. `seen` is the mark of the preview that was shown.

    The fee of each visit that this calls off is kept as the client was shown it. Told and refused as `ask_to_pause`,
    and with other figures by now than `seen` (FiguresChanged).
    """
    return _ask_series(ChangeKind.END, client, repeat, None, last_on, actor=actor, body=body, seen=seen)


def _ask_series(
    kind: ChangeKind,
    client: Client,
    repeat: Repeat,
    first_on: dt.date | None,
    last_on: dt.date,
    *,
    actor: Actor,
    body: str,
    seen: str | None = None,
) -> ChangeRequest:
    require_own(client, actor=actor, is_on=series_are_on())
    text = clean_note(body)
    lock_client(client.id)
    db.session.refresh(repeat)
    require_askable(client, repeat)
    if (first_on or last_on) < clock.today():
        raise Invalid("past", N_("This day is in the past."), field="first_on" if first_on else "last_on")
    item = ChangeItem(repeat=repeat, first_on=first_on, last_on=last_on, old=repeat_facts(repeat))
    request = ChangeRequest(client=client, kind=kind, body=text, items=[item])
    shown: dict[str, object] = {}
    if kind is ChangeKind.END:
        preview = preview_end(repeat, last_on)
        if seen is not None and seen != preview.mark:
            raise FiguresChanged(preview)
        item.fee, item.sitter_pay, item.rule_name = preview.total, preview.sitter_pay, preview.rule_name
        shown = {
            "visits": [job.id for job, _outcome in preview.lines],
            "charged": preview.kept(),
            "shown": preview.mark,
        }
    keep(request, policy=settings.read()["changes.policy_text"], **shown)
    notify(NotificationKind.SERIES_REQUESTED, request)
    mail_asked(MailKind.SERIES_CHANGE_REQUESTED, request, total=item.fee or Decimal(0))
    log(f"change_request.{kind.value}_asked", request, request.items, actor=actor, reason=text)
    db.session.flush()
    return request


def require_askable(client: Client, repeat: Repeat) -> None:
    """Refuse a series of somebody else (NotAllowed), one that has ended or that the client waits about (Invalid)."""
    if repeat.client_id != client.id or repeat.service_item.is_internal:
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))
    if not repeat.is_active or (repeat.ends_on is not None and repeat.ends_on < clock.today()):
        raise Invalid("series_over", N_("This repeating service has ended."))
    if any(item.repeat_id == repeat.id for item in waiting_of(client)):
        raise Invalid("asked_already", N_("You asked about this already. Withdraw that first."))


# --------------------------------------------------------------------------------------- messages and who is told


def send_message(client: Client, body: str, *, actor: Actor) -> ChangeRequest:
    """A general message about the schedule (mode "message"): nothing is confirmed until the office answers.

    It waits in the office's inbox; mail to the client as a receipt and to the admin inbox; HOME; the client's log.
    Refused: switched off (NotAllowed), no text (Invalid).
    """
    require_own(client, actor=actor, is_on=messages_are_on())
    text = clean_note(body)
    if not text:
        raise Invalid("no_text", N_("Write a message first."), field="body")
    lock_client(client.id)
    request = ChangeRequest(client=client, kind=ChangeKind.MESSAGE, body=text)
    db.session.add(request)
    db.session.flush()
    notifications.notify_office(
        NotificationKind.CLIENT_MESSAGE, client=client, change_request=request, message=text[:200]
    )
    facts = ClientMessage(str(client), client.account_number, text)
    outbox.queue_client_mail(
        MailKind.CLIENT_MESSAGE, facts, client=client, copy_admin=True, dedupe_key=f"client_message:{request.id}"
    )
    activity.record("change_request.message", actor=actor, subject=request, client=client, message=text)
    db.session.flush()
    return request


def mail_asked(kind: MailKind, request: ChangeRequest, *, total: Decimal) -> None:
    """To the client, with copies and to the admin inbox: we have your request."""
    client = request.client
    facts = ChangeAsked(
        str(client), client.account_number, request.kind.value, tuple(changed_visit(i) for i in request.items),
        reason_text(request), str(total) if total else "",
    )  # fmt: skip
    outbox.queue_client_mail(
        kind, facts, client=client, copy_admin=True, dedupe_key=f"change_asked:{request.id}"
    )  # fmt: skip


def notify(kind: NotificationKind, request: ChangeRequest) -> None:
    """A line on the office's HOME about what was asked."""
    notifications.notify_office(
        kind, client=request.client, change_request=request, asked=request.kind.value, n_lines=len(request.items),
        lines=[said(i) for i in request.items[:5]], reason=reason_text(request)[:200],
    )  # fmt: skip
