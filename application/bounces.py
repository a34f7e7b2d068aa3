"""Where a mail server or its provider tells us that a mail came back: `POST /hooks/bounces`.

Off (404) unless BOUNCE_TOKEN is set. The caller sends `Authorization: Bearer <token>` and a small JSON object:
`{"address": "alice@example.com", "message_id": "<…>", "reason": "550 no such user"}`; `address` or `message_id` must be
there. Repeating a message changes nothing. What it means stands in `workflows.mail_refusals`.
"""

import hmac
import json
import logging
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, Response, abort, current_app, request

from foundation.db import db
from foundation.extensions import csrf
from models import OutboxMail
from workflows import mail_refusals
from workflows.actors import WORKER
from workflows.errors import Invalid

log = logging.getLogger("latchkey.mailer")
MOST_BYTES = 16 * 1024

bounces = Blueprint("bounces", __name__, url_prefix="/hooks")


def install(app: Flask) -> None:
    """Open the address; it needs no log-in (`sign_in.guard.OPEN`) and no CSRF token, for the token is its key."""
    csrf.exempt(bounces)
    app.register_blueprint(bounces)


@bounces.post("/bounces")
def receive() -> Response:
    """Mark the address. 401 for a wrong token, 400 for what is no such message; 204 also when it is marked already."""
    token = str(current_app.config.get("BOUNCE_TOKEN") or "")
    if not token:
        abort(404)
    sent = request.headers.get("Authorization", "")
    if not hmac.compare_digest(sent.encode("utf-8", "replace"), f"Bearer {token}".encode()):
        abort(401)
    told = _message()
    mail = _mail(told.get("message_id"))
    address = told.get("address") or (mail.to_address if mail is not None else "")
    if not address:
        return Response("", status=204)  # a mail of somebody else's, or one that is long gone
    try:
        mail_refusals.mark_bounced(address, reason=told.get("reason", ""), actor=WORKER, mail=mail)
    except Invalid:
        abort(400)
    db.session.commit()
    return Response("", status=204)


def _message() -> dict[str, str]:
    """The object's words; 400 for anything else."""
    if request.content_length is None or request.content_length > MOST_BYTES:
        abort(400)
    try:
        told: Any = json.loads(request.get_data())
    except (ValueError, RecursionError):
        abort(400)
    names = ("address", "message_id", "reason")
    if not isinstance(told, dict) or any(not isinstance(told.get(n) or "", str) for n in names):
        abort(400)
    words = {n: (told.get(n) or "").encode("utf-8", "ignore").decode() for n in names}
    if not words["address"].strip() and not words["message_id"].strip():
        abort(400)
    return words


def _mail(message_id: str | None) -> OutboxMail | None:
    wanted = (message_id or "").strip().replace("\0", "")
    if not wanted:
        return None
    wanted = wanted if wanted.startswith("<") else f"<{wanted}>"
    return db.session.scalar(sa.select(OutboxMail).where(OutboxMail.message_id == wanted).limit(1))
