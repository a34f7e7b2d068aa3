"""What calling a visit off costs: the cancellation policy, in one preview for portal, office and auto-approval."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from models import Initiator, Job, RefundTo


@dataclass(frozen=True)
class Outcome:
    """What a cancelled visit costs the client, earns its sitter, and where money that was paid for it goes."""

    charge: Decimal
    sitter_pay: Decimal
    refund_to: RefundTo = RefundTo.CREDIT
    #: the rule that decided, "" when none applied
    rule_name: str = ""


FREE = Outcome(Decimal(0), Decimal(0))


def preview(
    jobs: Sequence[Job], *, initiator: Initiator, now: dt.datetime | None = None, ends_series: bool = False
) -> dict[int, Outcome]:
    """What cancelling these visits (of one client) now would cost: {job id: outcome}. Without a rule it is free."""
    return dict.fromkeys((job.id for job in jobs), FREE)
