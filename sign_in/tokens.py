"""A person's own tokens for other programs, on the own account page of either face. Gone while nothing may connect."""

from typing import Any

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext

from foundation import clock
from foundation.db import db
from models import ApiToken, Staff
from sign_in.people import current_actor, current_staff, own_login, own_sign_in, this_browser
from workflows import account, api_tokens, once
from workflows.account import NotProved
from workflows.errors import N_, WorkflowError
from workflows.tries import TooManyTries

View = Any
#: the choices of how long a token is valid; "" is until it is revoked
DAYS = {"30": N_("30 days"), "90": N_("90 days"), "365": N_("A year"), "": N_("Until I revoke it")}
HOW = {"read": N_("Read"), "write": N_("Read and change")}


def rows_of(listed: Any) -> list[dict[str, Any]]:  # noqa: ANN401 -- tokens
    """Tokens as the pages show them."""
    return [{"token": token, "does": does(token)} for token in listed]


def does(token: ApiToken) -> str:
    """`Visits: Read. Invoices and payments: Read and change.`"""
    parts = []
    for kind, label in api_tokens.KINDS.items():
        how = "write" if f"{kind}:write" in token.scopes else "read" if f"{kind}:read" in token.scopes else ""
        if how:
            parts.append(gettext("%(kind)s: %(how)s", kind=gettext(label), how=gettext(HOW[how])))
    return ". ".join(parts)


def _choices() -> list[dict[str, Any]]:
    """A line for each kind that the person may give: what can be chosen, and what was chosen in a form that comes back."""
    actor, chosen = current_actor(), set(request.form.getlist("scope"))
    found = []
    for kind, label in api_tokens.KINDS.items():
        may = [s for s in api_tokens.SCOPES if s.startswith(f"{kind}:") and api_tokens.may_ever(s, actor=actor)]
        if may:
            options = [{"scope": s, "label": gettext(HOW[s.partition(":")[2]]), "on": s in chosen} for s in may]
            found.append({"label": gettext(label), "options": options})
    return found


def add_routes(group: Blueprint, layout: str) -> None:
    """Add the page to a face's blueprint."""

    def staff() -> Staff:
        return current_staff() or abort(404)

    def show(status: int = 200, *, refusal: WorkflowError | None = None, made: api_tokens.Made | None = None) -> View:
        form = request.form if refusal is not None else {}
        text = render_template(
            "account/tokens.html", layout=layout, rows=rows_of(api_tokens.of_person(staff())), choices=_choices(),
            days=[(value, gettext(words)) for value, words in DAYS.items()], form=form, made=made,
            problem=refusal.say(gettext) if refusal else "", field=refusal.field if refusal else None,
            form_key=once.new_key(), local=clock.to_local, ask=account.needs_proof(own_sign_in()),
        )  # fmt: skip
        answer = make_response(text, status)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @group.url_value_preprocessor
    def _only_when_on(endpoint: str | None, _values: dict[str, Any] | None) -> None:
        # Before the CSRF check, whose 400 would tell that the page exists.
        if (endpoint or "").rpartition(".")[2] in {"tokens", "make_token", "revoke_token"} and not api_tokens.is_on():
            abort(404)

    @group.get("/tokens")
    def tokens() -> View:
        return show()

    @group.post("/tokens")
    def make_token() -> View:
        days = request.form.get("days", "")
        try:
            if account.needs_proof(own_sign_in()):
                account.prove(own_login(), request.form.get("proof", ""), browser=this_browser(), field="proof")
        except (NotProved, TooManyTries) as refusal:
            db.session.commit()  # a wrong proof was counted; nothing else was changed
            return show(429 if isinstance(refusal, TooManyTries) else 422, refusal=refusal)
        try:
            once.claim(request.form.get("form_key"))
            made = api_tokens.make(
                name=request.form.get("name", ""), scopes=request.form.getlist("scope"), actor=current_actor(),
                days=int(days) if days.isascii() and days.isdigit() and len(days) < 6 else (0 if days else None),
            )  # fmt: skip
            db.session.commit()
        except WorkflowError as refusal:
            db.session.rollback()
            return show(422, refusal=refusal)
        return show(201, made=made)

    @group.post("/tokens/<public_id:token_id>/revocation")
    def revoke_token(token_id: str) -> View:
        token = db.session.query(ApiToken).filter_by(public_id=token_id, staff_id=staff().id).one_or_none()
        if token is None:
            abort(404)
        api_tokens.revoke(token, actor=current_actor())
        db.session.commit()
        flash(gettext("The token %(name)s is revoked.", name=token.name), "success")
        return redirect(url_for(".tokens"), 303)
