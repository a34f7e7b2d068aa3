"""Payments: recording cash, cheques and transfers, charging a kept card for a client, and the page of one payment.

Allocating anew, voiding and refunding stand there; all of it ends in `workflows.billing`.
"""

from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from flask import abort, current_app, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response

from admin_site import billing_papers, client_choice, log_entries, rows
from admin_site.billing_forms import AmountsForm, ChargeForm, PaymentForm, ReasonForm, RefundForm
from admin_site.pages import Answer, WorkPage, get_or_404, page, refuse
from admin_site.reading import MAX_ID, read_id
from foundation import clock
from foundation.db import db, reads_first
from gateways.payments import PaymentGateway
from models import (
    Activity,
    Allocation,
    AttemptState,
    Client,
    Dispute,
    Invoice,
    InvoiceState,
    Payment,
    PaymentAttempt,
    PaymentKind,
    PaymentState,
    Refund,
    TipShare,
)
from workflows.billing import attempts, methods, paying, recording, refunding, sums
from workflows.billing.paper_store import AboutKind
from workflows.errors import Conflict, WorkflowError, WrongState
from workflows.permissions import Permission

#: open invoices that a form lists; the oldest due come first
MOST_OPEN = 100
ZERO = Decimal(0)


def the_gateway() -> PaymentGateway:
    """The payment gateway that this installation talks to."""
    gateway: PaymentGateway = current_app.extensions["gateway"]
    return gateway


@dataclass(frozen=True)
class Owing:
    """An invoice that can be paid, with what is owed of it, and whether a payment of it is under way."""

    invoice: Invoice
    outstanding: Decimal
    is_held: bool = False


def open_invoices(client_id: int, *, besides: tuple[int, ...] = ()) -> list[Owing]:
    """The client's open invoices, the oldest due first, and those of these numbers whatever their state. Three queries."""
    wanted = sa.or_(Invoice.state == InvoiceState.OPEN, Invoice.id.in_(besides))
    found = db.session.scalars(
        sa.select(Invoice)
        .where(Invoice.client_id == client_id, wanted)
        .order_by(Invoice.due_on, Invoice.id)
        .limit(MOST_OPEN)
    ).all()
    figures, held = sums.invoice_sums([i.id for i in found]), attempts.active_on([i.id for i in found])
    return [Owing(i, figures[i.id].outstanding, i.id in held) for i in found]


class PaymentPage(WorkPage):
    """Recording, charging, and everything about one payment."""

    permission = Permission.BILLING

    @expose("/")
    def index(self) -> Response:
        """The list is another page."""
        return redirect(url_for("payments.index_view"))

    # ------------------------------------------------------------------------------------------------- new money

    @expose("/new", methods=("GET", "POST"))
    def record(self) -> Answer:
        """Money that came in by hand: it pays the oldest invoices, or those that are said; the rest is credit."""
        client = _client()
        if client is None:
            return client_choice.choose(url_for(".record"), gettext("Record payment"), ("payments.index_view", gettext("Payments")))  # fmt: skip
        owing = open_invoices(client.id)
        ids = [o.invoice.id for o in owing]
        asked = read_id(request.args.get("invoice"))
        wanted = next((o for o in owing if o.invoice.id == asked), None)
        if request.method == "GET":
            stand = sum((o.outstanding for o in owing), ZERO)
            form = PaymentForm(None, amount=wanted.outstanding if wanted else stand or None, by_hand=wanted is not None)
            split = AmountsForm(None, ids, {wanted.invoice.id: wanted.outstanding} if wanted else {})
            return self._show_record(client, form, owing, split)
        form, split = PaymentForm(request.form), AmountsForm(request.form, ids)
        if not form.is_right() or (form.by_hand.data and split.errors):
            return self._show_record(client, form, owing, split, 422)
        try:
            payment = recording.record_payment(
                client, kind=PaymentKind(form.kind.data), amount=form.amount.data or ZERO, received_on=form.received_on.data or clock.today(),
                reference=form.reference.data or "", description=form.description.data or "", tip=form.tip.data or ZERO,
                allocate=split.amounts if form.by_hand.data else None, mail=bool(form.mail.data), actor=self.actor,
                form_key=form.form_key.data,
            )  # fmt: skip
            db.session.commit()
        except Conflict as sent_twice:
            refuse(sent_twice)
            return redirect(url_for("client_page.show", client_id=client.id, tab="account"), 303)
        except WorkflowError as problem:
            db.session.rollback()
            form.add_problem(problem)
            return self._show_record(client, form, open_invoices(client.id), split, 422)
        left = sums.unallocated(payment)
        flash(
            gettext("Payment %(number)s is recorded. %(left)s of it is credit.", number=payment.number, left=rows.show(left))
            if left
            else gettext("Payment %(number)s is recorded.", number=payment.number),
            "success",
        )  # fmt: skip
        return redirect(url_for(".show", payment_id=payment.id), 303)

    @staticmethod
    def _show_record(
        client: Client, form: PaymentForm, owing: list[Owing], split: AmountsForm, status: int = 200
    ) -> Answer:
        return page("billing/payment_new.html", status, client=client, form=form, owing=owing, split=split)

    @expose("/charge", methods=("GET", "POST"))
    @reads_first
    def charge(self) -> Answer:
        """Charge a card or bank account that the client keeps with the gateway, for one or several open invoices."""
        client = _client()
        if client is None:
            abort(404)
        owing = [o for o in open_invoices(client.id) if not o.is_held and o.outstanding]
        kept = methods.usable(client.id)
        asked = read_id(request.args.get("invoice"))
        values = {o.invoice.id: o.outstanding for o in owing if asked in {None, o.invoice.id}}
        posted = request.method == "POST"
        form = ChargeForm(request.form if posted else None, methods=kept)
        split = AmountsForm(request.form if posted else None, [o.invoice.id for o in owing], None if posted else values)
        known = attempts.by_submit_key(form.form_key.data or "") if posted else None
        if known is not None and known.client_id == client.id:
            return _after(known)
        if posted and form.validate() and not split.errors:
            try:
                return _after(self._charge(client, form, owing, split))
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem)
        status = 422 if form.errors or split.errors else 200
        return page("billing/charge.html", status, client=client, form=form, owing=owing, split=split, methods=kept)

    def _charge(self, client: Client, form: ChargeForm, owing: list[Owing], split: AmountsForm) -> PaymentAttempt:
        if form.chosen is None:
            raise WrongState("no_method", gettext("Choose a card or bank account."), field="method")
        targets = [(o.invoice, split.amounts[o.invoice.id]) for o in owing if o.invoice.id in split.amounts]
        return paying.pay(
            client, submit_key=form.form_key.data or "", targets=targets, method=form.chosen, kind=form.chosen.kind,
            actor=self.actor, gateway=the_gateway(),
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------------ one payment

    @expose("/<int:payment_id>/")
    def show(self, payment_id: int) -> Answer:
        """What it paid, what went back, what the gateway knows, and what can be done."""
        payment = _payment_or_404(payment_id)
        paid = recording.paid_by(payment)
        invoices = db.session.scalars(sa.select(Invoice).where(Invoice.id.in_(paid)).order_by(Invoice.id)).all()
        disputes = db.session.scalars(sa.select(Dispute).where(Dispute.payment_id == payment.id)).all()
        shares = sa.select(TipShare).where(TipShare.payment_id == payment.id).options(joinedload(TipShare.staff))
        refundable = refunding.refundable(payment)
        counts = payment.state is PaymentState.RECEIVED
        by_hand = payment.kind in recording.BY_HAND
        return page(
            "billing/payment.html", payment=payment, chip=rows.code_chip(payment.state), disputes=disputes,
            paid=[(i, paid[i.id]) for i in invoices], left=sums.unallocated(payment), refundable=refundable,
            refunds=[(r, rows.code_chip(r.state)) for r in payment.refunds], shares=db.session.scalars(shares).all(),
            history=_history(payment), log=[log_entries.log_entry(x) for x in _log(payment)], by_hand=by_hand,
            may_move=counts, may_void=counts and by_hand and not payment.refunds,
            may_refund=counts and refundable > 0 and self.actor.may(Permission.REFUND), desk=the_gateway().demo(),
        )  # fmt: skip

    @expose("/<int:payment_id>/receipt")
    def receipt(self, payment_id: int) -> Answer:
        """The receipt as PDF."""
        return billing_papers.pdf(AboutKind.PAYMENT, _payment_or_404(payment_id).id)

    @expose("/<int:payment_id>/refunds/<int:refund_id>/receipt")
    def refund_receipt(self, payment_id: int, refund_id: int) -> Answer:
        """A refund's receipt as PDF."""
        found = next((r for r in _payment_or_404(payment_id).refunds if r.id == refund_id), None)
        if found is None:
            abort(404)
        return billing_papers.pdf(AboutKind.REFUND, found.id)

    @expose("/<int:payment_id>/allocation", methods=("GET", "POST"))
    def allocate(self, payment_id: int) -> Answer:
        """Say anew which invoices it pays; the rest is credit."""
        payment = _payment_or_404(payment_id)
        paid = recording.paid_by(payment)
        owing = open_invoices(payment.client_id, besides=tuple(paid))
        ids = [o.invoice.id for o in owing]
        if request.method == "GET":
            return self._show_allocation(payment, owing, AmountsForm(None, ids, paid), "")
        split = AmountsForm(request.form, ids)
        if split.errors:
            return self._show_allocation(payment, owing, split, "", 422)
        try:
            recording.reallocate(payment, split.amounts, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            db.session.rollback()
            return self._show_allocation(_payment_or_404(payment_id), owing, split, problem.say(gettext), 422)
        flash(gettext("Saved: %(left)s is left as credit.", left=rows.show(sums.unallocated(payment))), "success")
        return redirect(url_for(".show", payment_id=payment_id), 303)

    @staticmethod
    def _show_allocation(
        payment: Payment, owing: list[Owing], split: AmountsForm, problem: str, status: int = 200
    ) -> Answer:
        paid = recording.paid_by(payment)
        free = sums.unallocated(payment) + sum(paid.values(), ZERO)
        return page("billing/allocation.html", status, payment=payment, owing=owing, split=split, paid=paid, free=free, problem=problem)  # fmt: skip

    @expose("/<int:payment_id>/void", methods=("GET", "POST"))
    def void(self, payment_id: int) -> Answer:
        """It was recorded in error: what it paid is owed again."""
        payment = _payment_or_404(payment_id)
        form = ReasonForm(request.form if request.method == "POST" else None)
        if request.method == "POST" and form.validate():
            try:
                recording.void_payment(payment, actor=self.actor, reason=form.reason.data or "")
                db.session.commit()
            except WrongState as problem:
                refuse(problem)
                return redirect(url_for(".show", payment_id=payment_id), 303)
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem)
            else:
                flash(gettext("Payment %(number)s no longer counts.", number=payment.number), "success")
                return redirect(url_for(".show", payment_id=payment_id), 303)
        return page("billing/payment_void.html", 422 if form.errors else 200, payment=payment, form=form)

    @expose("/<int:payment_id>/refund", methods=("GET", "POST"))
    @reads_first
    def refund(self, payment_id: int) -> Answer:
        """Give it back, whole or in part: through the gateway where it came from there, else recorded here."""
        self.actor.require(Permission.REFUND)
        payment = _payment_or_404(payment_id)
        left = refunding.refundable(payment)
        by_hand = payment.kind in recording.BY_HAND
        form = RefundForm(request.form if request.method == "POST" else None, amount=left or None)
        if request.method == "POST" and form.is_right():
            try:
                given = self._refund(payment, form, by_hand=by_hand)
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem)
            else:
                flash(*_said(given))
                return redirect(url_for(".show", payment_id=payment_id), 303)
        return page("billing/refund.html", 422 if form.errors else 200, payment=payment, form=form, left=left, by_hand=by_hand)  # fmt: skip

    def _refund(self, payment: Payment, form: RefundForm, *, by_hand: bool) -> Refund:
        recorded = PaymentKind(form.how.data) if form.by_hand.data and not by_hand else None
        return refunding.refund(
            payment, amount=form.amount.data or ZERO, reason=form.reason.data or "", submit_key=form.form_key.data or "",
            actor=self.actor, gateway=the_gateway(), refunded_on=form.refunded_on.data, by_hand=recorded,
        )  # fmt: skip


# --------------------------------------------------------------------------------------------------------- reading


def _client() -> Client | None:
    """The client that the address or the form names; 404 for one that is not there."""
    client_id = read_id(request.values.get("client"))
    return None if client_id is None else get_or_404(Client, client_id)


def _payment_or_404(payment_id: int) -> Payment:
    if not 0 < payment_id <= MAX_ID:
        abort(404)
    found = db.session.scalar(
        sa.select(Payment)
        .where(Payment.id == payment_id)
        .options(joinedload(Payment.client), joinedload(Payment.staff), selectinload(Payment.refunds))
        .execution_options(populate_existing=True)
    )
    if found is None:
        abort(404)
    return found


def _history(payment: Payment) -> list[Allocation]:
    """Every allocation and what was taken back, in their order, with their invoices."""
    wanted = sa.select(Allocation).where(Allocation.payment_id == payment.id).options(joinedload(Allocation.invoice))
    return list(db.session.scalars(wanted.order_by(Allocation.id).limit(100)))


def _log(payment: Payment) -> list[Activity]:
    refunds = [r.id for r in payment.refunds]
    about = sa.or_(
        sa.and_(Activity.subject_type == "payment", Activity.subject_id == payment.id),
        sa.and_(Activity.subject_type == "refund", Activity.subject_id.in_(refunds)),
    )
    return list(db.session.scalars(sa.select(Activity).where(about).order_by(Activity.id.desc()).limit(30)))


def _after(attempt: PaymentAttempt) -> Response:
    """Where a charge leads: to its payment, or back with what was said."""
    account = url_for("client_page.show", client_id=attempt.client_id, tab="account")
    if attempt.state is AttemptState.SUCCEEDED and attempt.payment is not None:
        flash(gettext("Paid: %(amount)s.", amount=rows.show(attempt.amount)), "success")
        return redirect(url_for(".show", payment_id=attempt.payment.id), 303)
    if attempt.state in {AttemptState.UNKNOWN, AttemptState.SENDING}:
        flash(gettext("The payment is being confirmed. Do not charge again; the answer appears here by itself."), "warning")  # fmt: skip
    else:
        said = gettext(attempt.message) if attempt.message else ""
        flash(" ".join([gettext("Nothing was taken."), said]).strip(), "error")
    return redirect(account, 303)


def _said(refund: Refund) -> tuple[str, str]:
    """What became of a refund, and how bad it is."""
    amount = rows.show(refund.amount)
    said: dict[str, tuple[str, str]] = {
        "succeeded": (gettext("%(amount)s went back.", amount=amount), "success"),
        "failed": (" ".join([gettext("Nothing went back."), gettext(refund.message) if refund.message else ""]).strip(), "error"),
    }  # fmt: skip
    waits = (gettext("The refund is being confirmed. It counts as given back until the gateway says otherwise."), "warning")  # fmt: skip
    return said.get(refund.state.value, waits)


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(PaymentPage(name="Payment", endpoint="payment_page", url="payment"))
