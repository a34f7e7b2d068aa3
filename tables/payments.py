"""Money that came in and went out: stored cards and bank accounts, attempts, payments, refunds, what pays what."""

import datetime as dt
import enum
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import amount, created_at, enum_column, line_text, long_text, pk, public_id, short_text, utc
from tables.bookkeeping import Via
from tables.columns import fk
from tables.credit_notes import CreditNote
from tables.invoices import Invoice, Numbered
from tables.people import Client, ClientLogin, Staff


class GatewayMode(enum.StrEnum):
    """Where money was taken: what the demo gateway did is never mixed with real money."""

    DEMO = "demo"
    DEVELOPMENT = "development"
    SANDBOX = "sandbox"
    PRODUCTION = "production"


class MethodKind(enum.StrEnum):
    """What is stored with the gateway."""

    CARD = "card"
    BANK = "bank"


class StoredMethod(Base):
    """A card or bank account of a client that the gateway keeps; we have its token and what people recognise it by."""

    __tablename__ = "stored_method"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = fk("client.id", index=False)
    kind: Mapped[MethodKind] = mapped_column(enum_column(MethodKind))
    mode: Mapped[GatewayMode] = mapped_column(enum_column(GatewayMode))
    token: Mapped[line_text]
    #: "Visa", or the bank's name
    brand: Mapped[short_text] = mapped_column(default="")
    last4: Mapped[str] = mapped_column(sa.String(4), default="")
    #: YYYY-MM, "" for bank accounts
    expires: Mapped[str] = mapped_column(sa.String(7), default="")
    is_default: Mapped[bool] = mapped_column(default=False)
    #: invoices may be charged to it without asking again
    allows_automatic: Mapped[bool] = mapped_column(default=False)
    #: bank accounts cannot be charged before
    is_verified: Mapped[bool] = mapped_column(default=True)
    verification: Mapped[str] = mapped_column(sa.String(40), default="")
    #: set when the bank refused for good (closed account, authorisation withdrawn)
    blocked_at: Mapped[utc | None]
    blocked_reason: Mapped[line_text] = mapped_column(default="")
    removed_at: Mapped[utc | None]
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.UniqueConstraint("mode", "token"),
        sa.Index("ix_stored_method_client_id", "client_id", "removed_at"),
        sa.Index(
            "uq_stored_method_default",
            "client_id",
            "mode",
            unique=True,
            sqlite_where=sa.text("is_default AND removed_at IS NULL"),
            postgresql_where=sa.text("is_default AND removed_at IS NULL"),
        ),
    )

    def __str__(self) -> str:
        return f"{self.brand} ···· {self.last4}".strip()


class ConsentKind(enum.StrEnum):
    """What a client allowed."""

    BANK_MANDATE = "bank_mandate"
    AUTOMATIC = "automatic"


class PaymentConsent(Base):
    """What a client allowed or took back, with the text they saw, when and from where: append-only."""

    __tablename__ = "payment_consent"
    id: Mapped[pk]
    client_id: Mapped[int] = fk("client.id")
    method_id: Mapped[int | None] = fk("stored_method.id", ondelete="SET NULL")
    kind: Mapped[ConsentKind] = mapped_column(enum_column(ConsentKind))
    is_given: Mapped[bool] = mapped_column(default=True)
    text: Mapped[long_text]
    at: Mapped[created_at]
    address: Mapped[str] = mapped_column(sa.String(64), default="")
    device: Mapped[short_text] = mapped_column(default="")
    client_login_id: Mapped[int | None] = fk("client_login.id", ondelete="SET NULL")
    #: who did it, readable also when the log-in is gone
    by_name: Mapped[line_text] = mapped_column(default="")
    client: Mapped[Client] = relationship()
    method: Mapped[StoredMethod | None] = relationship()


class AttemptState(enum.StrEnum):
    """One try to charge, written before the gateway is asked. See payments' docstring for the moves' meaning."""

    SENDING = "sending"
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    NOT_CHARGED = "not_charged"


#: UNKNOWN keeps its invoices locked until the gateway says what happened. NOT_CHARGED -> SUCCEEDED: it came late.
ATTEMPT_MOVES: dict[AttemptState, set[AttemptState]] = {
    AttemptState.SENDING: {
        AttemptState.SUCCEEDED, AttemptState.DECLINED, AttemptState.REJECTED, AttemptState.NOT_SENT,
        AttemptState.UNKNOWN,
    },
    AttemptState.UNKNOWN: {AttemptState.SUCCEEDED, AttemptState.DECLINED, AttemptState.NOT_CHARGED},
    AttemptState.NOT_CHARGED: {AttemptState.SUCCEEDED},
    AttemptState.SUCCEEDED: set(),
    AttemptState.DECLINED: set(),
    AttemptState.REJECTED: set(),
    AttemptState.NOT_SENT: set(),
}  # fmt: skip


class Asked:
    """What was asked of the gateway, and how far we are in hearing the answer."""

    #: random key of the form (or of the run and invoice): the same intent arrives once
    submit_key: Mapped[str] = mapped_column(sa.String(80), unique=True)
    #: ours, at the gateway: how an unknown outcome is found again
    order_id: Mapped[str] = mapped_column(sa.String(40), unique=True)
    request_key: Mapped[str] = mapped_column(sa.String(64))
    amount: Mapped[amount]
    currency: Mapped[str] = mapped_column(sa.String(3))
    mode: Mapped[GatewayMode] = mapped_column(enum_column(GatewayMode))
    via: Mapped[Via] = mapped_column(enum_column(Via))
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    gateway_transaction_id: Mapped[str | None] = mapped_column(sa.String(64), index=True)
    #: the gateway's code and a sentence for people
    code: Mapped[str] = mapped_column(sa.String(60), default="")
    message: Mapped[line_text] = mapped_column(default="")
    n_looks: Mapped[int] = mapped_column(default=0)
    next_look_at: Mapped[utc | None]
    #: a late success is booked until then
    watch_until: Mapped[utc | None]
    created_at: Mapped[created_at]
    resolved_at: Mapped[utc | None]


class PaymentAttempt(Asked, Base):
    """One try to charge a card or bank account, committed before the gateway is asked."""

    __tablename__ = "payment_attempt"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = fk("client.id", index=False)
    state: Mapped[AttemptState] = mapped_column(enum_column(AttemptState), default=AttemptState.SENDING)
    method_id: Mapped[int | None] = fk("stored_method.id", ondelete="SET NULL")
    #: of a new card; single-use, and emptied as soon as the outcome is known
    nonce: Mapped[line_text] = mapped_column(default="")
    kind: Mapped[MethodKind] = mapped_column(enum_column(MethodKind, name="method_kind"), default=MethodKind.CARD)
    store_method: Mapped[bool] = mapped_column(default=False)
    allow_automatic: Mapped[bool] = mapped_column(default=False)
    three_d_secure: Mapped[str] = mapped_column(sa.String(20), default="off")
    #: in `amount` too; never pays an invoice
    tip_amount: Mapped[amount] = mapped_column(default=Decimal(0))
    tip_note: Mapped[line_text] = mapped_column(default="")
    client_login_id: Mapped[int | None] = fk("client_login.id", ondelete="SET NULL")
    is_automatic: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship()
    method: Mapped[StoredMethod | None] = relationship()
    client_login: Mapped[ClientLogin | None] = relationship()
    staff: Mapped[Staff | None] = relationship()
    targets: Mapped[list["AttemptTarget"]] = relationship(back_populates="attempt", order_by="AttemptTarget.id")
    payment: Mapped["Payment | None"] = relationship(back_populates="attempt", uselist=False)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("amount > 0 AND tip_amount >= 0 AND tip_amount <= amount", name="amounts"),
        sa.Index("ix_payment_attempt_client_id", "client_id", "id"),
        sa.Index("ix_payment_attempt_state", "state", "next_look_at"),
    )

    def __str__(self) -> str:
        return self.order_id


class AttemptTarget(Base):
    """What an attempt is to pay of one invoice; while it is active no other attempt may touch that invoice."""

    __tablename__ = "attempt_target"
    id: Mapped[pk]
    attempt_id: Mapped[int] = fk("payment_attempt.id", ondelete="CASCADE")
    invoice_id: Mapped[int] = fk("invoice.id", index=False)
    amount: Mapped[amount]
    is_active: Mapped[bool] = mapped_column(default=True)
    attempt: Mapped[PaymentAttempt] = relationship(back_populates="targets")
    invoice: Mapped[Invoice] = relationship()
    __table_args__ = (
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.Index(
            "uq_attempt_target_active",
            "invoice_id",
            unique=True,
            sqlite_where=sa.text("is_active"),
            postgresql_where=sa.text("is_active"),
        ),
        sa.Index("ix_attempt_target_invoice_id", "invoice_id"),
    )


class PaymentKind(enum.StrEnum):
    """How money came."""

    CARD = "card"
    BANK = "bank"
    CASH = "cash"
    CHEQUE = "cheque"
    TRANSFER = "transfer"
    OTHER = "other"


class PaymentState(enum.StrEnum):
    """Money that was received; a bank payment can come back, one recorded in error is voided."""

    RECEIVED = "received"
    RETURNED = "returned"
    VOIDED = "voided"


PAYMENT_MOVES: dict[PaymentState, set[PaymentState]] = {
    PaymentState.RECEIVED: {PaymentState.RETURNED, PaymentState.VOIDED},
    PaymentState.RETURNED: set(),
    PaymentState.VOIDED: set(),
}


class Payment(Numbered, Base):
    """Money received from a client. What it pays are allocations; what is left over is credit on account."""

    __tablename__ = "payment"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = fk("client.id", index=False)
    kind: Mapped[PaymentKind] = mapped_column(enum_column(PaymentKind))
    state: Mapped[PaymentState] = mapped_column(enum_column(PaymentState), default=PaymentState.RECEIVED)
    tip_amount: Mapped[amount] = mapped_column(default=Decimal(0))
    tip_note: Mapped[line_text] = mapped_column(default="")
    #: for invoices and credit, without the tip
    amount: Mapped[amount]
    currency: Mapped[str] = mapped_column(sa.String(3))
    #: local day that it counts for; the office may say another for money recorded by hand
    received_on: Mapped[dt.date]
    description: Mapped[line_text] = mapped_column(default="")
    #: the cheque's or transfer's number
    reference: Mapped[short_text] = mapped_column(default="")
    #: "Visa ···· 1881"
    shown_as: Mapped[short_text] = mapped_column(default="")
    attempt_id: Mapped[int | None] = fk("payment_attempt.id", unique=True)
    method_id: Mapped[int | None] = fk("stored_method.id", ondelete="SET NULL")
    gateway_transaction_id: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    mode: Mapped[GatewayMode | None] = mapped_column(enum_column(GatewayMode))
    #: the gateway has it for good; bank payments are pending until then
    settled_at: Mapped[utc | None]
    ended_at: Mapped[utc | None]
    end_reason: Mapped[line_text] = mapped_column(default="")
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship()
    attempt: Mapped[PaymentAttempt | None] = relationship(back_populates="payment")
    method: Mapped[StoredMethod | None] = relationship()
    staff: Mapped[Staff | None] = relationship()
    allocations: Mapped[list["Allocation"]] = relationship(back_populates="payment", order_by="Allocation.id")
    refunds: Mapped[list["Refund"]] = relationship(back_populates="payment", order_by="Refund.id")
    tip_shares: Mapped[list["TipShare"]] = relationship(back_populates="payment", order_by="TipShare.id")
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("amount >= 0 AND tip_amount >= 0 AND amount + tip_amount > 0", name="amounts"),
        sa.Index("ix_payment_client_id", "client_id", "received_on", "id"),
        sa.Index("ix_payment_received_on", "received_on", "id"),
        sa.Index("ix_payment_amount", "amount", "id"),
        sa.Index("ix_payment_settling", "settled_at", "mode"),
    )

    def __str__(self) -> str:
        return self.number or self.public_id


class Allocation(Base):
    """Which payment or note pays how much of which invoice: append-only, taken back by a negative row."""

    __tablename__ = "allocation"
    id: Mapped[pk]
    client_id: Mapped[int] = fk("client.id")
    invoice_id: Mapped[int] = fk("invoice.id")
    payment_id: Mapped[int | None] = fk("payment.id")
    note_id: Mapped[int | None] = fk("credit_note.id")
    #: negative takes back
    amount: Mapped[amount]
    #: why it was taken back: refund, void, returned, moved…
    reason: Mapped[str] = mapped_column(sa.String(40), default="")
    refund_id: Mapped[int | None] = fk("refund.id", ondelete="SET NULL")
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    created_at: Mapped[created_at]
    invoice: Mapped[Invoice] = relationship()
    payment: Mapped[Payment | None] = relationship(back_populates="allocations")
    note: Mapped[CreditNote | None] = relationship()
    __table_args__ = (
        sa.CheckConstraint("(payment_id IS NULL) <> (note_id IS NULL)", name="source"),
        sa.CheckConstraint("amount <> 0", name="amount"),
    )


class RefundState(enum.StrEnum):
    """Money on its way back. UNKNOWN counts as taken until the gateway says otherwise."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    UNKNOWN = "unknown"
    FAILED = "failed"


#: SUCCEEDED -> FAILED: the bank sent it back later
REFUND_MOVES: dict[RefundState, set[RefundState]] = {
    RefundState.PENDING: {RefundState.SUCCEEDED, RefundState.UNKNOWN, RefundState.FAILED},
    RefundState.UNKNOWN: {RefundState.SUCCEEDED, RefundState.FAILED},
    RefundState.SUCCEEDED: {RefundState.FAILED},
    RefundState.FAILED: set(),
}


class RefundWay(enum.StrEnum):
    """How it goes back: through the gateway (whole or in part), or by the office's own hand and recorded here."""

    REVERSE = "reverse"
    REFUND = "refund"
    REDUCE = "reduce"
    RECORDED = "recorded"


class Refund(Asked, Numbered, Base):
    """Money that goes back to the client, of one payment."""

    __tablename__ = "refund"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = fk("client.id", index=False)
    payment_id: Mapped[int] = fk("payment.id")
    state: Mapped[RefundState] = mapped_column(enum_column(RefundState), default=RefundState.PENDING)
    way: Mapped[RefundWay] = mapped_column(enum_column(RefundWay))
    kind: Mapped[PaymentKind] = mapped_column(enum_column(PaymentKind, name="refund_kind"))
    #: of `amount`, what is the tip's
    tip_amount: Mapped[amount] = mapped_column(default=Decimal(0))
    refunded_on: Mapped[dt.date]
    reason: Mapped[line_text]
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship()
    payment: Mapped[Payment] = relationship(back_populates="refunds")
    staff: Mapped[Staff | None] = relationship()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("amount > 0 AND tip_amount >= 0 AND tip_amount <= amount", name="amounts"),
        sa.Index("ix_refund_client_id", "client_id", "refunded_on", "id"),
        sa.Index("ix_refund_state", "state", "next_look_at"),
    )

    def __str__(self) -> str:
        return self.number or self.public_id


class TipShare(Base):
    """What a sitter gets of a tip: by the visits that the payment was for, or as the office decided."""

    __tablename__ = "tip_share"
    id: Mapped[pk]
    payment_id: Mapped[int] = fk("payment.id", ondelete="CASCADE", index=False)
    staff_id: Mapped[int] = fk("staff.id")
    amount: Mapped[amount]
    payment: Mapped[Payment] = relationship(back_populates="tip_shares")
    staff: Mapped[Staff] = relationship()
    __table_args__ = (
        sa.UniqueConstraint("payment_id", "staff_id"),
        sa.CheckConstraint("amount >= 0", name="amount"),
    )
