"""Paying: the form for one invoice, several, all or a part; one attempt for each form; what came of it."""

from collections.abc import Sequence

import sqlalchemy as sa
from flask import abort, flash, jsonify, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response

from client_portal import gateway, owing, pay_form
from client_portal.frame import (
    View,
    accounts_are_on,
    can_pay,
    cards_are_on,
    client_here,
    page,
    page_group,
    payments_are_on,
    see,
    summary_is_on,
)
from client_portal.owing import Owed
from client_portal.pay_form import PayForm
from client_portal.urls import is_public_id
from foundation import clock, money
from foundation.db import db, reads_first
from gateways.payments import GatewayProblem, Mandate
from models import (
    AttemptTarget,
    Client,
    Invoice,
    InvoiceState,
    MethodKind,
    PaymentAttempt,
    StoredMethod,
)
from sign_in import current_actor, current_sign_in
from workflows import once, settings
from workflows.billing import methods, paying
from workflows.errors import WorkflowError

pages = page_group("portal_pay", __name__, under="/pay", nav="account", switches=[can_pay])


# ------------------------------------------------------------------------------------------------- what may be used


def may_enter_card() -> bool:
    """A new card, kept or not."""
    return bool(settings.read()["portal.new_cards"])


def may_enter_account() -> bool:
    """A new bank account: its owner authorizes debits, which the office cannot do for them."""
    return accounts_are_on() and not is_office_view()


def is_office_view() -> bool:
    """The office in a client's portal: it may pay as the client wishes, but agree to nothing in their name."""
    user = current_sign_in()
    return user is not None and user.is_view


def usable_methods(client: Client) -> list[StoredMethod]:
    """Kept cards and accounts that can be charged now, the default one first; of the kinds that are switched on."""
    kinds = {MethodKind.CARD} if cards_are_on() else set()
    if accounts_are_on():
        kinds.add(MethodKind.BANK)
    return [m for m in methods.usable(client.id) if m.kind in kinds]


# ------------------------------------------------------------------------------------------------------------ the form


@pages.get("")
def form() -> View:
    """`?invoice=…` for one or several, `?what=due` for what is due, `?what=all` for everything."""
    client = client_here()
    owed = _asked_for(client, request.args.getlist("invoice"), request.args.get("what", ""))
    if not owed:
        flash(_("Tick the invoices that you want to pay."), "info")
        return see(back_url())
    usable = usable_methods(client)
    return _show(
        pay_form.blank(owed, usable, new="bank" if _accounts_first() else "card"), usable, n_locked=_n_locked(owed)
    )


def _asked_for(client: Client, keys: Sequence[str], what: str) -> list[Owed]:
    if what in {"due", "all"}:
        owed = owing.owed_by(client)
        return (owing.due_now(owed) or owed) if what == "due" else owed
    wanted = [key for key in keys if is_public_id(key)]
    return owing.owed_by(client, only=wanted) if wanted else []


def _n_locked(owed: Sequence[Owed]) -> int:
    return sum(1 for o in owed if o.is_locked)


def _accounts_first() -> bool:
    return may_enter_account() and methods.preferred_kind() is MethodKind.BANK


def _show(form: PayForm, usable: list[StoredMethod], status: int = 200, *, n_locked: int = 0) -> View:
    gateway.widen_csp()
    values = settings.read()
    total = form.total()
    can_keep = {"card": cards_are_on(), "bank": accounts_are_on()}
    return page(
        "pay.html",
        status,
        form=form,
        total=total,
        shown=pay_form.typed_amount(total),
        n_locked=n_locked,
        methods=usable,
        may_card=may_enter_card(),
        may_bank=may_enter_account(),
        bank_first=_accounts_first(),
        can_keep=can_keep if not is_office_view() else {},
        automatic=values["portal.automatic"],
        automatic_text=_(values["portal.automatic_text"]),
        mandate_text=_(values["portal.mandate_text"]),
        tips=values["portal.tip_kind"] if values["portal.tips"] else "",
        tip_percents=pay_form.TIP_PERCENTS,
        mode=gateway.mode(),
        three_d_secure=gateway.three_d_secure(),
        demo_cards=gateway.demo_choices(MethodKind.CARD),
        demo_accounts=gateway.demo_choices(MethodKind.BANK),
        currency=money.currency(),
        plain_total=f"{total:f}",
        back=back_url(),
        other_ways=values["portal.account_below"] or values["portal.account_above"],
    )


def back_url() -> str:
    """Where the client came from: the summary, or whatever is first without it."""
    return url_for("portal_account.show") if summary_is_on() else url_for("portal_home.home")


@pages.post("/reckoning")
@reads_first
def reckon() -> View:
    """The button with the new total, while the form is filled in (htmx)."""
    form = _read()
    total = form.total()
    return page("_pay_total.html", form=form, total=total, shown=pay_form.typed_amount(total), plain_total=f"{total:f}")


def _read() -> PayForm:
    keys = [key for key in request.form.getlist("invoice") if is_public_id(key)]
    form = pay_form.read(request.form, owing.owed_by(client_here(), only=keys) if keys else [])
    if not settings.read()["portal.tips"]:
        form.tip = ""
    return form


@pages.get("/<public_id:invoice_id>")
def link(invoice_id: str) -> View:
    """The address in the mail and in the code on the paper: to the form, or a word when there is nothing to pay."""
    invoice = db.session.scalar(
        sa.select(Invoice).where(
            Invoice.public_id == invoice_id,
            Invoice.client_id == client_here().id,
            Invoice.state != InvoiceState.DRAFT,
        )
    ) or abort(404)
    if invoice.state is InvoiceState.OPEN:
        return see(url_for(".form", invoice=invoice.public_id))
    words = {
        InvoiceState.PAID: _("Invoice %(number)s is paid. Thank you.", number=invoice.number),
        InvoiceState.VOID: _("Invoice %(number)s was voided: there is nothing to pay.", number=invoice.number),
    }
    flash(words.get(invoice.state, _("There is nothing to pay for invoice %(number)s.", number=invoice.number)), "info")
    return see(back_url())


# -------------------------------------------------------------------------------------------------------------- paying


@pages.post("")
@reads_first
def pay() -> View:
    """Charge, once for each form: whoever sends it again reads what came of the first time."""
    client = client_here()
    if (before := _attempt_of_form(client, request.form.get("form_key", ""))) is not None:
        return see(url_for(".outcome", attempt_id=before.public_id))
    form = _read()
    usable = {m.public_id: m for m in usable_methods(client)}
    pay_form.check(form, usable, may_card=may_enter_card(), may_bank=may_enter_account())
    if form.problems:
        return _again(form, list(usable.values()))
    try:
        attempt = _charge(client, form, usable.get(form.method))
    except WorkflowError as refusal:
        db.session.rollback()
        form.problems["method" if refusal.field == "method" else "total"] = refusal.say(_)
        fresh = _read()
        fresh.problems = form.problems
        return _again(fresh, usable_methods(client_here()))
    return see(url_for(".outcome", attempt_id=attempt.public_id))


def _again(form: PayForm, usable: list[StoredMethod]) -> View:
    """The form as it was filled in, with what is wrong; a new key, as nothing was tried with the old one."""
    if not form.owed:
        flash(_("These invoices are no longer open. Nothing was taken."), "error")
        return see(back_url())
    form.key = once.new_key()
    return _show(form, usable, 422)


def _attempt_of_form(client: Client, key: str) -> PaymentAttempt | None:
    if not key:
        return None
    return db.session.scalar(
        sa.select(PaymentAttempt).where(PaymentAttempt.submit_key == key, PaymentAttempt.client_id == client.id)
    )


def _charge(client: Client, form: PayForm, method: StoredMethod | None) -> PaymentAttempt:
    """One attempt; `paying` commits before and after the gateway is asked."""
    values = settings.read()
    keeps = accounts_are_on() if form.kind is MethodKind.BANK else cards_are_on()
    store = form.is_new and keeps and not is_office_view() and (form.store or form.kind is MethodKind.BANK)
    mode = values["portal.automatic"]
    automatic = store and (mode == "required" or (mode == "optional" and form.automatic))
    is_new_account = form.is_new and form.kind is MethodKind.BANK
    mandate = Mandate(text=_(values["portal.mandate_text"]), accepted_at=clock.now()) if is_new_account else None
    return paying.pay(
        client,
        submit_key=form.key or once.new_key(),
        targets=[(owed.invoice, amount) for owed, amount in form.targets()],
        tip=form.tip_amount(),
        tip_note=form.tip_note if form.tip else "",
        method=method,
        nonce=pay_form.nonce_of(form) if form.is_new else _confirmed_nonce(method),
        kind=form.kind,
        store=store,
        allow_automatic=automatic,
        actor=current_actor(),
        gateway=gateway.here(),
        mandate=mandate,
        consent_text=_(values["portal.automatic_text"]) if automatic else "",
        address=request.remote_addr or "",
        device=request.headers.get("User-Agent", "")[:120],
    )


def _confirmed_nonce(method: StoredMethod | None) -> str:
    """A kept card that its bank has confirmed in the browser is charged by what stands for that confirmation."""
    given = request.form.get("stored_nonce", "")
    wanted = method is not None and method.kind is MethodKind.CARD and gateway.three_d_secure() != "off"
    return given if wanted and pay_form.is_nonce(given) else ""


# ---------------------------------------------------------------------------------------------------------- the outcome


@pages.get("/outcome/<public_id:attempt_id>")
def outcome(attempt_id: str) -> View:
    """What came of an attempt, in clear words; the same after a reload, and a month later."""
    attempt = db.session.scalar(
        sa.select(PaymentAttempt)
        .where(PaymentAttempt.public_id == attempt_id, PaymentAttempt.client_id == client_here().id)
        .options(
            selectinload(PaymentAttempt.targets).joinedload(AttemptTarget.invoice),
            joinedload(PaymentAttempt.payment),
            joinedload(PaymentAttempt.method),
        )
    ) or abort(404)
    keys = [t.invoice.public_id for t in attempt.targets if t.invoice.state is InvoiceState.OPEN]
    return page(
        "pay_outcome.html",
        attempt=attempt,
        again=url_for(".form", invoice=keys) if keys else back_url(),
        back=back_url(),
        can_look_back=payments_are_on(),
        business=settings.read()["business.name"],
    )


# ---------------------------------------------------------------------------------- what the card fields ask for


@pages.post("/token")
@reads_first
def token() -> Response | tuple[Response, int]:
    """What Braintree's card fields begin with."""
    return token_answer()


def token_answer() -> Response | tuple[Response, int]:
    """A token as JSON, or a sentence when the gateway is away. No transaction is open meanwhile."""
    db.session.commit()
    try:
        return jsonify(token=gateway.here().client_token())
    except GatewayProblem as problem:
        return jsonify(problem=_(problem.message)), 503


@pages.post("/stored-card")
@reads_first
def stored_card() -> Response | tuple[Response, int]:
    """Begin 3-D Secure with a kept card."""
    usable = {m.public_id: m for m in usable_methods(client_here()) if m.kind is MethodKind.CARD}
    method = usable.get(request.form.get("method", "")) or abort(404)
    db.session.commit()
    try:
        begun = gateway.here().nonce_for(method.token)
    except GatewayProblem as problem:
        return jsonify(problem=_(problem.message)), 503
    return jsonify(nonce=begun.nonce, bin=begun.bin)
