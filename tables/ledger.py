"""Double-entry bookkeeping: one balanced posting for each event that moves money or debt, never changed."""

import datetime as dt
import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation import clock
from foundation.db import Base
from foundation.types import amount, enum_column, line_text, pk, utc
from tables.columns import fk
from tables.people import Client


class Account(enum.StrEnum):
    """The accounts. Debit is positive: assets and costs stand above zero, debts and income below."""

    #: what clients owe us on issued invoices
    RECEIVABLE = "receivable"
    #: what clients hold with us: payments and credit notes that pay nothing yet
    CLIENT_CREDIT = "client_credit"
    #: deposits that were invoiced, and those that were paid and not used
    DEPOSITS_BILLED = "deposits_billed"
    DEPOSITS_HELD = "deposits_held"
    INCOME = "income"
    TAX_PAYABLE = "tax_payable"
    TIPS_PAYABLE = "tips_payable"
    #: cash, cheques, transfers
    CASH = "cash"
    #: cards and bank accounts through the gateway
    GATEWAY = "gateway"
    BAD_DEBT = "bad_debt"


class Posting(Base):
    """One event in the books: an invoice issued, a payment received, an allocation. Its lines add up to nothing."""

    __tablename__ = "posting"
    id: Mapped[pk]
    at: Mapped[utc] = mapped_column(default=clock.now)
    #: the business's day that it counts for
    on_date: Mapped[dt.date]
    #: stable verb such as "invoice.issued"
    verb: Mapped[str] = mapped_column(sa.String(40))
    #: "invoice.issued:17": the same event is never posted twice
    event_key: Mapped[str] = mapped_column(sa.String(80), unique=True)
    client_id: Mapped[int | None] = fk("client.id", ondelete="SET NULL", index=False)
    subject_type: Mapped[str] = mapped_column(sa.String(40))
    subject_id: Mapped[int]
    memo: Mapped[line_text] = mapped_column(default="")
    client: Mapped[Client | None] = relationship()
    lines: Mapped[list["PostingLine"]] = relationship(back_populates="posting", order_by="PostingLine.id")
    __table_args__ = (
        sa.Index("ix_posting_client_id", "client_id", "on_date", "id"),
        sa.Index("ix_posting_on_date", "on_date", "id"),
        sa.Index("ix_posting_subject", "subject_type", "subject_id"),
    )


class PostingLine(Base):
    """One side of a posting: an account, and an amount that is a debit above zero and a credit below."""

    __tablename__ = "posting_line"
    id: Mapped[pk]
    posting_id: Mapped[int] = fk("posting.id", ondelete="CASCADE")
    account: Mapped[Account] = mapped_column(enum_column(Account))
    client_id: Mapped[int | None] = fk("client.id", ondelete="SET NULL", index=False)
    amount: Mapped[amount]
    posting: Mapped[Posting] = relationship(back_populates="lines")
    __table_args__ = (
        sa.CheckConstraint("amount <> 0", name="amount"),
        sa.Index("ix_posting_line_account", "account", "client_id"),
        # Balance and credit of a client in one look, without the table.
        sa.Index("ix_posting_line_client_id", "client_id", "account", "amount"),
    )
