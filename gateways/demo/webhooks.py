"""The demo gateway's webhooks, signed as Braintree signs them, and the chargebacks that they tell of."""

import base64
import datetime as dt
import hashlib
import hmac
from decimal import Decimal

from foundation import clock
from gateways.demo import transactions, wire
from gateways.demo.keys import DemoKeys
from gateways.demo.refusals import Refused, Unknown, new_id
from gateways.demo.store import Books, Doc
from gateways.events import SignedWebhook

_REPLY_WITHIN = dt.timedelta(days=14)


def signed(keys: DemoKeys, kind: str, subject: str, content: Doc, *, at: dt.datetime | None = None) -> SignedWebhook:
    """The notification as it would be posted."""
    notification = {"timestamp": at or clock.now(), "kind": kind, "subject": {subject: content}}
    payload = base64.encodebytes(wire.write("notification", notification).encode()).decode()
    secret = hashlib.sha1(keys.private_key.encode()).digest()  # noqa: S324 -- the wire protocol says so
    digest = hmac.new(secret, payload.encode(), hashlib.sha1).hexdigest()
    return SignedWebhook(signature=f"{keys.public_key}|{digest}", payload=payload)


def about_transaction(keys: DemoKeys, kind: str, doc: Doc) -> SignedWebhook:
    return signed(keys, kind, "transaction", transactions.transaction_xml(doc))


def about_dispute(keys: DemoKeys, kind: str, doc: Doc, sale: Doc) -> SignedWebhook:
    content = {
        **{name: doc[name] for name in ("id", "amount", "amount_disputed", "amount_won", "status", "reason")},
        "kind": "chargeback",
        "currency_iso_code": doc["currency"],
        "created_at": wire.moment(doc["created_at"]),
        "received_date": dt.date.fromisoformat(doc["received_on"]),
        "reply_by_date": dt.date.fromisoformat(doc["reply_by"]),
        "evidence": wire.Array(),
        "transaction": {"id": sale["id"], "amount": sale["amount"], "order_id": sale["order_id"] or None},
    }
    return signed(keys, kind, "dispute", content)


def open_dispute(books: Books, sale: Doc, amount: Decimal | None) -> Doc:
    """One at a time for each sale, and only for a card that was charged."""
    if sale["type"] != "sale" or sale["method"]["kind"] != "card" or transactions.did_fail(sale):
        raise Refused("91575", "base", "Only a card that was charged can be disputed.")
    if any(dispute["status"] == "open" for dispute in books.of_parent("dispute", sale["id"])):
        raise Refused("91575", "base", "This sale is disputed already.")
    disputed = str(amount if amount is not None else Decimal(sale["amount"]))
    today = clock.now().date()
    doc = {
        "id": new_id(), "transaction_id": sale["id"], "amount": disputed, "amount_disputed": disputed,
        "amount_won": None, "status": "open", "reason": "fraud", "currency": sale["currency"],
        "created_at": wire.stamp(clock.now()), "received_on": today.isoformat(),
        "reply_by": (today + _REPLY_WITHIN).isoformat(),
    }  # fmt: skip
    books.put("dispute", doc["id"], doc, parent=sale["id"])
    return doc


def end_dispute(books: Books, sale: Doc, status: str, won: Decimal | None = None) -> Doc:
    """Lost or won, whole or so much of it; the newest open one of this sale."""
    doc = next((one for one in reversed(books.of_parent("dispute", sale["id"])) if one["status"] == "open"), None)
    if doc is None:
        raise Unknown
    amount = str(min(won, Decimal(doc["amount_disputed"]))) if won is not None else doc["amount_disputed"]
    doc |= {"status": status, "amount_won": amount if status == "won" else None}
    books.put("dispute", doc["id"], doc)
    return doc
