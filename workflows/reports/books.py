"""What the ledger says of a period: invoiced by the day of issue, and money by the day that it came."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from foundation.db import db
from foundation.types import as_money
from models import Account, Client, Dispute, Payment, PaymentKind, Posting, PostingLine, Refund
from workflows.errors import N_
from workflows.reports import grouping
from workflows.reports.grouping import Group, n_if, total_if
from workflows.reports.shapes import Column, Picture, Report, Row, Unit, Wish, largest_first, report

_OF_CLIENT = Group((Client.id, Client.first_name, Client.last_name), (), grouping.person, "client")
_NOTES = ("note.committed", "note.undone")
_ENDED = ("payment.returned", "payment.voided")
_MONEY = (Account.CASH, Account.GATEWAY)
_LINE = PostingLine.amount


def invoiced(wish: Wish) -> Report:
    """Income of the books by the day it was posted, before tax: invoices less voided ones, credit notes off, debit notes on.

    Deposits are no income, and an invoice of nothing does not count. One query.
    """
    columns = (
        Column(grouping.LABELS[wish.by]),
        Column(N_("Net"), Unit.MONEY, is_card=True),
        Column(N_("Invoices"), Unit.COUNT, is_card=True),
        Column(N_("Issued"), Unit.MONEY),
        Column(N_("Voided"), Unit.MONEY),
        Column(N_("Credit and debit notes"), Unit.MONEY, is_card=True),
        Column(N_("Tax"), Unit.MONEY, is_card=True),
        Column(N_("With tax"), Unit.MONEY),
    )
    income, verb = PostingLine.account == Account.INCOME, Posting.verb
    measures = (
        total_if(income, as_money(-_LINE)), n_if(sa.and_(income, verb == "invoice.issued")),
        total_if(sa.and_(income, verb.not_in(["invoice.voided", *_NOTES])), as_money(-_LINE)),
        total_if(sa.and_(income, verb == "invoice.voided"), as_money(-_LINE)),
        total_if(sa.and_(income, verb.in_(_NOTES)), as_money(-_LINE)),
        total_if(~income, as_money(-_LINE)), sa.func.sum(as_money(-_LINE)),
    )  # fmt: skip
    return _report(wish, columns, measures, PostingLine.account.in_([Account.INCOME, Account.TAX_PAYABLE]))


def received(wish: Wish) -> Report:
    """Money that came and went, by the day that it counts for: payments less returned and voided ones, refunds, disputes.

    Tips are in it. It is what the books say of cash and gateway. One query.
    """
    columns = (
        Column(grouping.LABELS[wish.by]),
        Column(N_("Net"), Unit.MONEY, is_card=True),
        Column(N_("Received"), Unit.MONEY, is_card=True),
        Column(N_("Payments"), Unit.COUNT, is_card=True),
        Column(N_("Returned or voided"), Unit.MONEY),
        Column(N_("Refunds"), Unit.MONEY, is_card=True),
        Column(N_("Disputes"), Unit.MONEY),
        Column(N_("Of it tips"), Unit.MONEY),
    )
    is_money, verb = PostingLine.account.in_(_MONEY), Posting.verb
    returned, refund, dispute = verb.in_(_ENDED), verb.like("refund.%"), verb.like("dispute.%")
    measures = (
        total_if(is_money, _LINE), total_if(sa.and_(is_money, ~returned, ~refund, ~dispute), _LINE),
        n_if(sa.and_(is_money, verb == "payment.received")), total_if(sa.and_(is_money, returned), _LINE),
        total_if(sa.and_(is_money, refund), _LINE), total_if(sa.and_(is_money, dispute), _LINE),
        total_if(~is_money, as_money(-_LINE)),
    )  # fmt: skip
    return _report(wish, columns, measures, PostingLine.account.in_([*_MONEY, Account.TIPS_PAYABLE]))


def _report(wish: Wish, columns: tuple[Column, ...], measures: tuple[Any, ...], accounts: Any) -> Report:  # noqa: ANN401 -- a condition
    of = accounts, Posting.on_date.between(wish.period.first, wish.period.last)
    if wish.by == "time":
        found = _lines(Posting.on_date, *measures).where(*of).group_by(Posting.on_date)
        rows = grouping.rows_of_time(wish, db.session.execute(found), columns)
        return report(columns, rows, picture=Picture.TIME)
    if wish.by == "method":
        return report(columns, largest_first(_by_method(columns, measures, of)))
    query = _lines(*_OF_CLIENT.columns, *measures).outerjoin(Client, Client.id == Posting.client_id)
    rows = [
        grouping.named(tuple(found[:3]), tuple(found[3:]), columns, _OF_CLIENT)
        for found in db.session.execute(query.where(*of).group_by(*_OF_CLIENT.columns))
    ]
    return report(columns, largest_first(rows))


def _lines(*columns: Any) -> sa.Select[*tuple[Any, ...]]:  # noqa: ANN401 -- SQL expressions
    return sa.select(*columns).select_from(PostingLine).join(Posting, Posting.id == PostingLine.posting_id)


def _by_method(columns: tuple[Column, ...], measures: tuple[Any, ...], of: Any) -> list[Row]:  # noqa: ANN401 -- conditions
    """By how money came or went back: what is posted about a refund or dispute goes by its own or its payment's way."""
    disputed = aliased(Payment)
    kind = sa.func.coalesce(Payment.kind, Refund.kind, disputed.kind)
    about = Posting.subject_type
    query = (
        _lines(kind, *measures)
        .outerjoin(Payment, sa.and_(about == "payment", Payment.id == Posting.subject_id))
        .outerjoin(Refund, sa.and_(about == "refund", Refund.id == Posting.subject_id))
        .outerjoin(Dispute, sa.and_(about == "dispute", Dispute.id == Posting.subject_id))
        .outerjoin(disputed, disputed.id == Dispute.payment_id)
    )
    found = []
    for value, *sums in db.session.execute(query.where(*of).group_by(kind)):
        method = PaymentKind(value) if value else PaymentKind.OTHER
        found.append(Row(method, (method, *grouping.filled(sums, columns[1:])), ("method", method.value)))
    return found
