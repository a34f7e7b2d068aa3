"""What was paid and what went back: newest first, ten a page, each with the portion for every invoice; receipts."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import sqlalchemy as sa
from flask import abort, request, url_for
from sqlalchemy.orm import joinedload

from client_portal.frame import View, client_here, invoices_are_on, page, page_group, payments_are_on
from foundation.db import db
from foundation.types import as_money
from models import Allocation, Client, Dispute, Invoice, Payment, Refund, RefundState
from ui_kit import paper_files
from workflows.billing.paper_store import About, AboutKind

pages = page_group("portal_payments", __name__, under="/payments", nav="payments", switches=[payments_are_on])
PER_PAGE = 10
MOST_PAGES = 10_000


@dataclass(frozen=True)
class Portion:
    """So much of it was for this invoice."""

    number: str
    #: the invoice's, for its address
    public_id: str
    amount: Decimal


@dataclass
class Movement:
    """Money that came or went back."""

    kind: Literal["payment", "refund"]
    row: Payment | Refund
    on_date: dt.date
    total: Decimal
    portions: list[Portion] = field(default_factory=list)
    #: of a payment: what went back or was disputed and lost
    gone: Decimal = Decimal(0)

    @property
    def rest(self) -> Decimal:
        """What stays on the account, or came from it: it was for no invoice."""
        return self.total - self.row.tip_amount - self.gone - sum((p.amount for p in self.portions), Decimal(0))


@pages.get("")
def index() -> View:
    """`?page=2` has ten older ones."""
    client = client_here()
    text = request.args.get("page", "1")
    number = max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= 6 else 1
    found = _movements(client, limit=PER_PAGE + 1, offset=(min(number, MOST_PAGES) - 1) * PER_PAGE)
    return page(
        "payments.html",
        movements=found[:PER_PAGE],
        older=url_for(".index", page=number + 1) if len(found) > PER_PAGE else "",
        newer=url_for(".index", page=number - 1) if number > 1 else "",
        can_read=invoices_are_on(),
    )


def _movements(client: Client, *, limit: int, offset: int) -> list[Movement]:
    """Five queries: which ones, the payments, the refunds, what they were for, what is gone of them."""
    both = sa.union_all(
        sa.select(sa.literal("payment").label("kind"), Payment.id.label("id"), Payment.received_on.label("day"))
        .where(Payment.client_id == client.id),
        sa.select(sa.literal("refund"), Refund.id, Refund.refunded_on)
        .where(Refund.client_id == client.id, Refund.state != RefundState.FAILED),
    ).subquery()  # fmt: skip
    wanted = db.session.execute(
        sa.select(both.c.kind, both.c.id)
        .order_by(both.c.day.desc(), both.c.kind.desc(), both.c.id.desc())
        .limit(limit)
        .offset(offset)
    ).all()
    paid = _payments([i for kind, i in wanted if kind == "payment"])
    back = _refunds([i for kind, i in wanted if kind == "refund"])
    portions, gone = _portions(list(paid), list(back)), _gone(list(paid))
    found = []
    for kind, i in wanted:
        if kind == "payment":
            payment = paid[i]
            total = payment.amount + payment.tip_amount
            of_it = portions["payment", i]
            found.append(Movement("payment", payment, payment.received_on, total, of_it, gone.get(i, Decimal(0))))
        else:
            refund = back[i]
            found.append(Movement("refund", refund, refund.refunded_on, refund.amount, portions["refund", i]))
    return found


def _payments(ids: list[int]) -> dict[int, Payment]:
    if not ids:
        return {}
    return {p.id: p for p in db.session.scalars(sa.select(Payment).where(Payment.id.in_(ids)))}


def _refunds(ids: list[int]) -> dict[int, Refund]:
    if not ids:
        return {}
    query = sa.select(Refund).where(Refund.id.in_(ids)).options(joinedload(Refund.payment))
    return {r.id: r for r in db.session.scalars(query)}


def _portions(payment_ids: list[int], refund_ids: list[int]) -> dict[tuple[str, int], list[Portion]]:
    """What each payment pays now, and what each refund took from which invoice."""
    found: dict[tuple[str, int], list[Portion]] = defaultdict(list)
    if not payment_ids and not refund_ids:
        return found
    sum_ = sa.func.sum(Allocation.amount)
    rows = db.session.execute(
        _portion_rows(Allocation.payment_id, sa.null(), sum_, Allocation.payment_id.in_(payment_ids)).union_all(
            _portion_rows(sa.null(), Allocation.refund_id, -sum_, Allocation.refund_id.in_(refund_ids))
        )
    ).all()
    for payment_id, refund_id, number, public_id, amount in sorted(rows, key=lambda r: r[2]):
        key = ("payment", payment_id) if payment_id is not None else ("refund", refund_id)
        found[key].append(Portion(number, public_id, amount))
    return found


def _portion_rows(payment: Any, refund: Any, amount: Any, which: Any) -> sa.Select[Any]:  # noqa: ANN401 -- columns or NULL
    grouped = [c for c in (payment, refund) if not isinstance(c, sa.Null)]
    return (
        sa.select(payment.label("payment_id"), refund.label("refund_id"), Invoice.number, Invoice.public_id, amount)
        .join(Invoice, Allocation.invoice_id == Invoice.id)
        .where(which)
        .group_by(*grouped, Invoice.id, Invoice.number, Invoice.public_id)
        .having(sa.func.sum(Allocation.amount) != 0)
    )


def _gone(payment_ids: list[int]) -> dict[int, Decimal]:
    """What went back of each payment, without tips, and what was lost to disputes."""
    if not payment_ids:
        return {}
    refunded = (
        sa.select(as_money(sa.func.sum(Refund.amount - Refund.tip_amount)))
        .where(Refund.payment_id == Payment.id, Refund.state != RefundState.FAILED)
        .scalar_subquery()
    )
    lost = sa.select(sa.func.sum(Dispute.amount_lost)).where(Dispute.payment_id == Payment.id).scalar_subquery()
    rows = db.session.execute(sa.select(Payment.id, refunded, lost).where(Payment.id.in_(payment_ids)))
    return {payment_id: (back or Decimal(0)) + (taken or Decimal(0)) for payment_id, back, taken in rows}


@pages.get("/<public_id:payment_id>/receipt")
def receipt(payment_id: str) -> View:
    """The receipt of a payment as PDF."""
    payment = db.session.scalar(
        sa.select(Payment.id).where(
            Payment.public_id == payment_id, Payment.client_id == client_here().id, Payment.number.is_not(None)
        )
    ) or abort(404)
    return paper_files.paper(About(AboutKind.PAYMENT, payment)) or abort(404)


@pages.get("/refunds/<public_id:refund_id>/receipt")
def refund_receipt(refund_id: str) -> View:
    """The receipt of a refund as PDF."""
    refund = db.session.scalar(
        sa.select(Refund.id).where(
            Refund.public_id == refund_id, Refund.client_id == client_here().id, Refund.number.is_not(None)
        )
    ) or abort(404)
    return paper_files.paper(About(AboutKind.REFUND, refund)) or abort(404)
