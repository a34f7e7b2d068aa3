"""Cards and bank accounts that the client keeps: list, add, the default, automatic payment, confirm, remove.

They are the client's to allow: the office in a client's portal finds 404 at every address.
"""

import re
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from client_portal import gateway, pay_form
from client_portal.frame import (
    READS,
    View,
    accounts_are_on,
    can_pay,
    cards_are_on,
    client_here,
    page,
    page_group,
    see,
)
from client_portal.paying import may_enter_card, token_answer
from foundation.db import db, reads_first
from models import MethodKind, PaymentConsent, StoredMethod
from sign_in import current_actor, current_sign_in
from workflows import once, settings
from workflows.billing import attempts, methods
from workflows.errors import Conflict, WorkflowError

pages = page_group(
    "portal_methods", __name__, under="/settings/cards", nav="methods", switches=[cards_are_on, accounts_are_on]
)


@pages.url_value_preprocessor
def _not_for_the_office(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Before the CSRF check, so that a hand-made post learns nothing."""
    user = current_sign_in() if request.method not in READS else None
    if user is not None and user.is_view:
        abort(404)


@pages.before_request
def _nor_to_read() -> None:
    user = current_sign_in()
    if user is not None and user.is_view:
        abort(404)


def _shown_kinds() -> set[MethodKind]:
    kinds = {MethodKind.CARD} if cards_are_on() else set()
    return kinds | ({MethodKind.BANK} if accounts_are_on() else set())


def may_add(kind: MethodKind) -> bool:
    """Cards also need the office's leave for new ones."""
    return (cards_are_on() and may_enter_card()) if kind is MethodKind.CARD else accounts_are_on()


def _own(method_id: str) -> StoredMethod:
    """A card or account of this client that is there, or 404."""
    found = db.session.scalar(
        sa.select(StoredMethod).where(
            StoredMethod.public_id == method_id,
            StoredMethod.client_id == client_here().id,
            StoredMethod.removed_at.is_(None),
        )
    )
    return found if found is not None and found.kind in _shown_kinds() else abort(404)


# ------------------------------------------------------------------------------------------------------------ the list


@pages.get("")
def index() -> View:
    """All that is kept, and the log of what was authorized."""
    return _index()


def _index(status: int = 200, *, problem: str = "", about: str = "") -> View:
    client = client_here()
    kept = [m for m in methods.of_client(client.id) if m.kind in _shown_kinds()]
    return page(
        "methods.html",
        status,
        methods=kept,
        is_expired=attempts.is_expired,
        consents=_consents(client.id),
        automatic=settings.read()["portal.automatic"],
        may_card=may_add(MethodKind.CARD),
        may_bank=may_add(MethodKind.BANK),
        bank_first=methods.preferred_kind() is MethodKind.BANK,
        shows_cards=cards_are_on(),
        shows_accounts=accounts_are_on(),
        is_required=settings.read()["portal.method_required"],
        problem=problem,
        about=about,
        can_pay=can_pay(),
    )


def _consents(client_id: int) -> list[PaymentConsent]:
    """The newest fifty."""
    return list(
        db.session.scalars(
            sa.select(PaymentConsent)
            .where(PaymentConsent.client_id == client_id)
            .options(sa.orm.joinedload(PaymentConsent.method))
            .order_by(PaymentConsent.id.desc())
            .limit(50)
        )
    )


# -------------------------------------------------------------------------------------------------------------- adding

#: as they stand in addresses
WORDS = {"card": MethodKind.CARD, "bank-account": MethodKind.BANK}


def _kind(word: str) -> MethodKind:
    kind = WORDS[word]
    return kind if may_add(kind) else abort(404)


@pages.get("/new-<any(card, 'bank-account'):word>")
def new(word: str) -> View:
    """The form for a new card or bank account; `?next=request` leads back to the request afterwards."""
    return _form(_kind(word))


def _form(kind: MethodKind, status: int = 200, *, problem: str = "") -> View:
    gateway.widen_csp()
    values, sent = settings.read(), request.form
    return page(
        "method_new.html",
        status,
        kind=kind,
        word=next(w for w, k in WORDS.items() if k is kind),
        problem=problem,
        agreed=sent.get("agreed") == "yes",
        wants_default=sent.get("default") == "yes",
        wants_automatic=sent.get("automatic") == "yes",
        chosen=sent.get("bank_nonce" if kind is MethodKind.BANK else "nonce", ""),
        automatic=values["portal.automatic"],
        automatic_text=_(values["portal.automatic_text"]),
        mandate_text=_(values["portal.mandate_text"]),
        demo_choices=gateway.demo_choices(kind),
        mode=gateway.mode(),
        form_key=once.new_key(),
        onward="request" if request.values.get("next") == "request" else "",
    )


@pages.post("/new-<any(card, 'bank-account'):word>")
def add(word: str) -> View:
    """Keep it, with what was allowed: the words, the time and the network address. The same form again keeps it once."""
    kind, sent, values = _kind(word), request.form, settings.read()
    is_bank = kind is MethodKind.BANK
    nonce = sent.get("bank_nonce" if is_bank else "nonce", "")
    if not pay_form.is_nonce(nonce):
        return _form(kind, 422, problem=_("Fill in the bank account.") if is_bank else _("Fill in the card."))
    if is_bank and sent.get("agreed") != "yes":
        return _form(kind, 422, problem=_("Tick the authorization, so that we may debit the account."))
    mode = values["portal.automatic"]
    automatic = mode == "required" or (mode == "optional" and sent.get("automatic") == "yes")
    try:
        once.claim(sent.get("form_key"))
        method = methods.add(
            client_here(),
            nonce=nonce,
            kind=kind,
            make_default=sent.get("default") == "yes",
            allow_automatic=automatic,
            mandate_text=_(values["portal.mandate_text"]) if is_bank else "",
            automatic_text=_(values["portal.automatic_text"]) if automatic else "",
            actor=current_actor(),
            gateway=gateway.here(),
            address=request.remote_addr or "",
            device=request.headers.get("User-Agent", "")[:120],
        )
    except Conflict as twice:
        db.session.rollback()
        flash(twice.say(_), "info")
        return see(url_for(".index"))
    except WorkflowError as refusal:
        db.session.rollback()
        return _form(kind, 422, problem=refusal.say(_))
    flash(_("%(name)s is kept for you.", name=str(method)), "success")
    if not method.is_verified:
        flash(_("The bank account is not confirmed yet. See below what to do."), "warning")
    return see(_onward())


def _onward() -> str:
    return url_for("portal_requesting.show") if request.form.get("next") == "request" else url_for(".index")


@pages.post("/token")
@reads_first
def token() -> Response | tuple[Response, int]:
    """What Braintree's card fields begin with."""
    return token_answer()


# ------------------------------------------------------------------------------------------------------- what is kept


@pages.post("/<public_id:method_id>/default")
def make_default(method_id: str) -> View:
    """Offer it first, and charge it when payments are automatic."""
    method = _own(method_id)
    try:
        methods.make_default(method, actor=current_actor())
        db.session.commit()
    except WorkflowError as refusal:
        return _refused(refusal)
    flash(_("%(name)s is your default now.", name=str(method)), "success")
    return see(url_for(".index"))


@pages.post("/<public_id:method_id>/automatic")
def set_automatic(method_id: str) -> View:
    """Allow automatic payment, or take that back."""
    method, on = _own(method_id), request.form.get("on") == "yes"
    try:
        methods.set_automatic(
            method,
            on=on,
            actor=current_actor(),
            text=_(settings.read()["portal.automatic_text"]) if on else "",
            address=request.remote_addr or "",
            device=request.headers.get("User-Agent", "")[:120],
        )
        db.session.commit()
    except WorkflowError as refusal:
        return _refused(refusal)
    flash(
        _("Invoices may be paid with %(name)s automatically.", name=str(method))
        if on
        else _("%(name)s is not charged without you any more.", name=str(method)),
        "success",
    )
    return see(url_for(".index"))


def _refused(refusal: WorkflowError) -> View:
    db.session.rollback()
    flash(refusal.say(_), "error")
    return see(url_for(".index"))


@pages.get("/<public_id:method_id>/removal")
def removal(method_id: str) -> View:
    """Ask before it is removed."""
    return page("method_removal.html", method=_own(method_id), is_required=settings.read()["portal.method_required"])


@pages.post("/<public_id:method_id>/removal")
def remove(method_id: str) -> View:
    """Take it away, here and at the gateway."""
    method = _own(method_id)
    try:
        methods.remove(method, actor=current_actor(), gateway=gateway.here())
    except WorkflowError as refusal:
        return _refused(refusal)
    flash(_("%(name)s is removed.", name=str(method)), "success")
    return see(url_for(".index"))


@pages.post("/<public_id:method_id>/deposits")
def confirm(method_id: str) -> View:
    """The two small amounts that came in on the account."""
    method = _own(method_id)
    typed = [request.form.get("first", "").strip(), request.form.get("second", "").strip()]
    if not all(re.fullmatch(r"[0-9]{1,2}", text, re.ASCII) for text in typed):
        return _index(422, problem=_("Enter the two amounts in cents, from 1 to 99."), about=method_id)
    try:
        methods.confirm_deposits(method, (int(typed[0]), int(typed[1])), actor=current_actor(), gateway=gateway.here())
    except WorkflowError as refusal:
        db.session.rollback()
        return _index(422, problem=refusal.say(_), about=method_id)
    flash(_("%(name)s is confirmed. You can pay with it now.", name=str(method)), "success")
    return see(url_for(".index"))
