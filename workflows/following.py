"""A client asks to change this and all following visits of a series, and the office's yes.

The office's yes ends in `repeat_changes.go_on_with`, the function of its own "this and following".
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from foundation import clock
from foundation.db import db
from models import ChangeItem, ChangeKind, ChangeRequest, Client, Initiator, Job, JobState, NotificationKind, Repeat
from workflows import activity, pricing, repeat_changes, repeat_places, repeats
from workflows.actors import Actor
from workflows.billing import note_hooks
from workflows.change_asking import keep, mail_asked, notify, reason_text, require_askable
from workflows.change_facts import repeat_facts, week_of_series
from workflows.change_preview import FiguresChanged
from workflows.change_requests import changes_are_on, log, require_own, series_are_on
from workflows.errors import N_, WrongState
from workflows.following_preview import (
    FollowingPreview,
    SeriesWish,
    check_following,
    pattern_for,
    preview_following,
    shown_figures,
    wish_of_series,
)
from workflows.locks import lock_client
from workflows.mail_facts import MailKind
from workflows.repeat_patterns import Pattern, in_short
from workflows.wanted import clean_note

if TYPE_CHECKING:
    from workflows.change_deciding import FeeDecision


def following_is_on() -> bool:
    """May clients ask to change a series from a day on? Needs both switches: for changes, and for series."""
    return changes_are_on() and series_are_on()


def ask_to_change_following(
    client: Client,
    repeat: Repeat,
    from_on: dt.date,
    wish: SeriesWish,
    *,
    actor: Actor,
    body: str = "",
    seen: str | None = None,
    now: dt.datetime | None = None,
) -> ChangeRequest:
    """Ask for another week, time, service, other pets or another note of a series, from a day on.

    A person always decides; all visits stand until then. In this order: a request with one item, what is wanted and
    the figures of each visit as shown; mail "being reviewed" with copies and to the admin inbox; HOME; the client's
    log. Refused: switched off or not the client's own (NotAllowed); a series that has ended or was asked about already,
    a day that is past, nothing different, too late for one of its visits, out of hours, a service or block that is not
    offered, pets of others (Invalid, with the field); other figures by now than `seen` (FiguresChanged).
    """
    require_own(client, actor=actor, is_on=following_is_on())
    text, note = clean_note(body), clean_note(wish.note)
    lock_client(client.id)
    repeat = repeats.fresh(repeat.id)
    require_askable(client, repeat)
    preview = preview_following(repeat, pattern_for(repeat, wish, from_on), now=now)
    check_following(repeat, wish, preview, now=now)
    if seen is not None and seen != preview.mark:
        raise FiguresChanged(preview)
    item = ChangeItem(
        repeat=repeat, first_on=preview.pattern.starts_on, old=repeat_facts(repeat), new_service_item=wish.item,
        new_note=note, new_pets=list(preview.pattern.pets), price_before=preview.before, price_after=preview.after,
        fee=preview.total, sitter_pay=preview.sitter_pay, rule_name=preview.rule_name,
    )  # fmt: skip
    request = ChangeRequest(client=client, kind=ChangeKind.CHANGE, body=text, items=[item])
    new = repeat_places.sketch(repeat, preview.pattern)
    keep(
        request, policy=preview.policy_text, total=preview.total, shown=preview.mark, week=week_of_series(new),
        before=in_short(repeat), after=in_short(new), **preview.kept(),
    )  # fmt: skip
    notify(NotificationKind.SERIES_REQUESTED, request)
    mail_asked(MailKind.SERIES_CHANGE_REQUESTED, request, total=preview.total)
    log("change_request.following_asked", request, request.items, actor=actor, reason=text)
    db.session.flush()
    return request


def wanted_pattern(item: ChangeItem) -> Pattern:
    """What the client wants, from the day that was asked for, or from today on when that day is past by now."""
    wish = wish_of_series(item)
    if item.repeat is None or item.first_on is None or wish is None:
        raise WrongState(
            "item_superseded", N_("What was asked for is not possible any more. Choose other times, or say no.")
        )
    return pattern_for(item.repeat, wish, max(item.first_on, clock.today()))


def sketch_of(item: ChangeItem) -> Repeat:
    """The series as the client wants it, as an object that no session knows: for the form in which the office edits it."""
    pattern = wanted_pattern(item)
    if item.repeat is None:
        raise WrongState("item_superseded", N_("The visit was changed or cancelled meanwhile. Nothing was changed."))
    return repeat_places.sketch(item.repeat, pattern)


def preview_item(item: ChangeItem) -> FollowingPreview:
    """What saying yes to a waiting item does now, at the figures that the client was shown."""
    if item.repeat is None:
        raise WrongState("item_superseded", N_("The visit was changed or cancelled meanwhile. Nothing was changed."))
    return preview_following(repeats.fresh(item.repeat.id), wanted_pattern(item), shown=item.request.snapshot)


def carry_out(
    item: ChangeItem, edited: Pattern | None, visit_fees: Mapping[int, "FeeDecision"], *, actor: Actor
) -> None:
    """Change the series as asked, at the prices and fees that the client was shown; or as `edited`, at those of now.

    `visit_fees` as in `change_deciding.approve`: the office's own figures for visits that are called off or moved away.
    """
    if item.repeat is None:
        return
    repeat, shown = item.repeat, None if edited else item.request.snapshot
    preview = preview_following(repeats.fresh(repeat.id), edited or wanted_pattern(item), shown=shown)
    policy = {x.job.id: x.outcome for x in preview.lines if x.job is not None and x.outcome is not None}
    own = {job_id: d for job_id, d in visit_fees.items() if job_id in policy}
    taken = {job_id: replace(policy[job_id], charge=d.fee, sitter_pay=d.sitter_pay) for job_id, d in own.items()}
    why = next((d.why for d in own.values() if d.why), "") if taken != {i: policy[i] for i in own} else ""
    done = repeat_changes.go_on_with(
        repeat, preview.pattern, actor=actor, reason=reason_text(item.request), initiator=Initiator.CLIENT, policy=policy,
        outcomes=taken, fee_reason=why, change_request=item.request,
    )  # fmt: skip
    fees = {**policy, **taken}
    off = {job.id for job in done.cancelled}
    moved = {i: o for i, o in fees.items() if i not in off and (o.charge or o.sitter_pay)}
    _give_figures(done.repeat, shown or {}, moved, why=why, actor=actor)
    item.fee = sum((o.charge for o in fees.values()), Decimal(0))
    item.sitter_pay, item.fee_reason = sum((o.sitter_pay for o in fees.values()), Decimal(0)), why


def _give_figures(
    repeat: Repeat, shown: Mapping[str, Any], moved: Mapping[int, Any], *, why: str, actor: Actor
) -> None:
    """Each visit costs what the client was shown for its day and time, plus the fee of a day that counts as cancelled."""
    priced: list[Job] = []
    for job in repeats.visits_from(repeat, repeat.starts_on):
        if job.state is not JobState.SCHEDULED or job.repeat_edited:
            continue
        price, pay, lines = shown_figures(shown, job.on_date, job.start_time, job.time_block) or (job.price, job.sitter_pay, [])  # fmt: skip
        lines = list(lines or job.price_lines)
        if fee := moved.get(job.id):
            price, pay = price + fee.charge, pay + fee.sitter_pay
            lines += pricing.fee_lines(fee.charge, fee.sitter_pay, fee.rule_name)
        before = job.price, job.sitter_pay
        if before == (price, pay):
            continue
        job.price, job.sitter_pay, job.price_lines = price, pay, lines
        priced.append(job)
        activity.record(
            "job.priced", actor=actor, subject=job, client=repeat.client, fee_reason=why,
            changes={"price": [before[0], price], "sitter_pay": [before[1], pay]},
        )  # fmt: skip
    db.session.flush()
    note_hooks.follow(priced, actor=actor)
