"""Where the payment gateway tells us what happened: open to anybody, so only what the gateway signed is kept.

The answer is 2xx as soon as a message is kept; it is worked on afterwards by the worker (`workflows.billing.gateway_events`).
"""

import logging

from flask import Blueprint, Flask, Response, abort, current_app, request

from foundation.db import db
from foundation.extensions import csrf
from gateways.events import BadWebhook
from gateways.payments import PaymentGateway
from workflows.billing import gateway_events

log = logging.getLogger("latchkey.payments")
#: a message is a few kilobytes
MOST_BYTES = 256 * 1024

webhooks = Blueprint("webhooks", __name__, url_prefix="/webhooks")


def install(app: Flask) -> None:
    """Open the address; it needs no log-in (`sign_in.guard.OPEN`) and no CSRF token, for the signature is its key."""
    csrf.exempt(webhooks)
    app.register_blueprint(webhooks)


def _gateway() -> PaymentGateway:
    gateway: PaymentGateway = current_app.extensions["gateway"]
    return gateway


@webhooks.get("/braintree")
def challenge() -> Response:
    """The gateway's check that the address is ours; 400 for anything that is none."""
    try:
        answer = _gateway().webhook_challenge(request.args.get("bt_challenge", ""))
    except BadWebhook:
        abort(400)
    return Response(answer, mimetype="text/plain", headers={"X-Content-Type-Options": "nosniff"})


@webhooks.post("/braintree")
def receive() -> Response:
    """Keep a message. 400 and nothing kept for one that is forged, broken or too large."""
    if (request.content_length or 0) > MOST_BYTES or request.content_length is None:
        abort(400)
    form = request.form
    try:
        gateway_events.receive(form.get("bt_signature", ""), form.get("bt_payload", ""), gateway=_gateway())
    except BadWebhook:
        log.warning("a message to the gateway's address was refused: its signature is wrong, or it cannot be read")
        abort(400)
    db.session.commit()
    return Response("", status=204)
