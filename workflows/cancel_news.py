"""What follows when visits were called off: notes on invoices, mails, HOME, what clients asked about them, the log.

`cancelling` has changed the rows and holds the clients. For several clients it goes client by client; what each of them
would ask the database for is asked once for all.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from foundation import money
from models import ChangeRequest, Initiator, InvoiceLine, Job, NotificationKind
from workflows import activity, change_requests, notifications, outbox
from workflows.actors import Actor
from workflows.billing import note_hooks, visit_lines
from workflows.cancellation import Outcome
from workflows.mail_facts import MailKind, VisitCancelled, VisitFacts
from workflows.sitter_mails import at_once, by_sitter, in_short, tell
from workflows.visit_facts import job_facts, short

#: the setting that says how close a visit must be for its sitter to hear of the cancellation at once
CANCEL_DAYS = "mail.cancel_sitter_days"


@dataclass(frozen=True)
class How:
    """By whom and why visits are called off, and who is told of it."""

    by: Initiator
    text: str
    #: why other figures than the policy's are taken
    why: str
    mail_client: bool
    told: bool = True
    change_request: ChangeRequest | None = None


@dataclass(frozen=True)
class _Known:
    """What was asked once for all visits at hand."""

    #: {visit: the line that charges it}
    lines: Mapping[int, InvoiceLine]
    #: {visit: what waits to be decided about it}
    asked: Mapping[int, int]
    #: {client: who reads the mail}; empty where it is one client's mail
    readers: Mapping[int, outbox.Readers]


def follow(
    jobs: Sequence[Job], how: How, chosen: Mapping[int, Outcome], shown: Mapping[int, VisitFacts], *, actor: Actor
) -> None:
    """Let everything follow that `cancelling.cancel` says, client by client; the visits are flushed.

    `chosen` are the figures taken for each visit, `shown` what the client reads of it.
    """
    of_client: dict[int, list[Job]] = defaultdict(list)
    for job in jobs:
        of_client[job.client_id].append(job)
    clients = [own[0].client for own in of_client.values()]
    many = how.mail_client and len(clients) > 1
    known = _Known(
        visit_lines.live_lines(job.id for job in jobs),
        change_requests.waiting_about(job.id for job in jobs),
        outbox.readers_of(MailKind.VISIT_CANCELLED, clients) if many else {},
    )
    for _client, own in sorted(of_client.items()):
        _follow_one(own, how, chosen, [shown[job.id] for job in own], known, actor=actor)


def _follow_one(
    jobs: Sequence[Job],
    how: How,
    chosen: Mapping[int, Outcome],
    shown: Sequence[VisitFacts],
    known: _Known,
    *,
    actor: Actor,
) -> None:
    """The same for the visits of one client."""
    client, total = jobs[0].client, sum((chosen[j.id].charge for j in jobs), Decimal(0))
    note_hooks.follow(
        jobs, actor=actor, cause="cancelled", in_portal=actor.is_client or how.change_request is not None,
        lines=known.lines,
    )  # fmt: skip
    if how.mail_client:
        facts = VisitCancelled(str(client), client.account_number, tuple(shown), how.text, str(total))
        outbox.queue_client_mail(
            MailKind.VISIT_CANCELLED, facts, client=client, readers=known.readers.get(client.id)
        )  # fmt: skip
    if actor.is_client:
        notifications.notify_office(
            NotificationKind.VISIT_CANCELLED, client=client, change_request=how.change_request, n_lines=len(jobs),
            lines=[short(f) for f in shown[:5]], fee=str(total), reason=how.text,
        )  # fmt: skip
    asked = [known.asked[job.id] for job in jobs if job.id in known.asked]
    change_requests.supersede(asked, actor=actor, mail=not how.mail_client)
    later = _tell_sitters(jobs) if how.told else set()
    for job in jobs:
        _log(job, chosen[job.id], actor=actor, later=job.id in later)


def _tell_sitters(jobs: Sequence[Job]) -> set[int]:
    """Mail the sitters of near visits; return the visits that are left for the evening's mail."""
    later: set[int] = set()
    for sitter, own in by_sitter(jobs).items():
        tell(MailKind.SITTER_VISIT_TAKEN_AWAY, sitter, own, because="cancelled", within=CANCEL_DAYS)
        later |= {j.id for j in own if not at_once(MailKind.SITTER_VISIT_TAKEN_AWAY, sitter, j, within=CANCEL_DAYS)}
    return later


def _log(job: Job, outcome: Outcome, *, actor: Actor, later: bool) -> None:
    sitter_ids = [job.sitter_id] if later and job.sitter_id else []
    activity.record(
        "job.cancelled", actor=actor, subject=job, client=job.client, reason=job.cancel_reason, n_jobs=1,
        jobs=[short(job_facts(job))], changes=changes(job), rule=outcome.rule_name, fee_reason=job.fee_reason,
        by=job.cancelled_by, evening=sitter_ids, news={str(i): f"{in_short(job)} ✗" for i in sitter_ids},
    )  # fmt: skip


def changes(job: Job) -> dict[str, list[object]]:
    """The figures before and now, for the log: every price and pay is explained by a line."""
    return pairs((job.prior_price, job.price), (job.prior_sitter_pay, job.sitter_pay))


def pairs(price: tuple[Decimal | None, Decimal], pay: tuple[Decimal | None, Decimal]) -> dict[str, list[object]]:
    """Price and pay before and now."""
    return {
        name: [money.round_half_up(x or Decimal(0)) for x in two]
        for name, two in (("price", price), ("sitter_pay", pay))
    }
