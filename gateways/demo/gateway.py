"""The demo gateway: one call in, one answer out, in the wire protocol of Braintree's. Transports carry them.

In the demo the adapter calls `handle` in its own process; tests reach it over a socket too (`server`).
"""

import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from gateways.demo import searches, transactions, vault, wire
from gateways.demo.faults import BELOW, Fault, Faults, Lost
from gateways.demo.keys import DemoKeys, kept_keys, new_keys
from gateways.demo.refusals import Refused, Unknown, refuse_card_numbers, text
from gateways.demo.store import Books, Doc, Store

Params = dict[str, Any]


class Reply(NamedTuple):
    status: int
    body: str


@dataclass(frozen=True)
class Route:
    verb: str
    path: re.Pattern[str]
    #: its name for faults
    op: str
    answer: "Callable[[DemoGateway, Books, Params, tuple[str, ...]], Reply]"


_ROUTES: list[Route] = []
_Answer = Callable[["DemoGateway", Books, Params, tuple[str, ...]], Reply]


def route(verb: str, path: str, op: str) -> Callable[[_Answer], _Answer]:
    """What answers `verb path` below the merchant; `*` stands for an id."""
    pattern = re.compile(re.escape(path).replace(r"\*", "([A-Za-z0-9_-]+)"))

    def add(answer: _Answer) -> _Answer:
        _ROUTES.append(Route(verb, pattern, op, answer))
        return answer

    return add


class DemoGateway:
    """The gateway over its books. `faults` and `tamper` are for tests."""

    def __init__(self, keys: DemoKeys | None = None, store: Store | None = None) -> None:
        self.keys = keys or new_keys()
        self.store = store or Store()
        self.faults = Faults()
        #: some accounts refuse request keys (915231)
        self.takes_keys = True
        #: changes a sale before it is written down: another amount, another currency
        self.tamper: Callable[[Doc], None] | None = None

    def fault(self, op: str, kind: str, **more: Any) -> None:  # noqa: ANN401 -- times, seconds, chance
        """Trouble for the next call of `op`; see `faults.Faults.add`."""
        self.faults.add(op, kind, **more)

    def handle(self, verb: str, path: str, authorization: str, body: bytes) -> Reply:
        """Answer one call; Lost when a fault takes the connection away. Never sleeps while its books are open."""
        if not self._knows(authorization):
            return Reply(401, "")
        merchant = f"/merchants/{self.keys.merchant_id}"
        if not path.startswith(f"{merchant}/"):
            return Reply(403, "")
        below = path.removeprefix(merchant).partition("?")[0]
        for candidate in _ROUTES:
            match = candidate.path.fullmatch(below)
            if match and candidate.verb == verb:
                return self._answer(candidate, match.groups(), body)
        return Reply(404, "")

    def _knows(self, authorization: str) -> bool:
        right = base64.b64encode(f"{self.keys.public_key}:{self.keys.private_key}".encode())
        return hmac.compare_digest(authorization.removeprefix("Basic ").encode(), right)

    def _answer(self, found: Route, ids: tuple[str, ...], body: bytes) -> Reply:
        fault = self.faults.take(found.op)
        if fault and not fault.after:
            spoiled = _spoil(fault)
            if spoiled:
                return spoiled
        try:
            _root, given = wire.read(body) if body.strip() else ("", {})
            params = given if isinstance(given, dict) else {}
            refuse_card_numbers(params)
            with self.store.begin() as books:
                reply = self._once(books, found, ids, params, body)
        except wire.BadXml:
            reply = Reply(400, "")
        except Unknown:
            reply = Reply(404, "")
        except (Refused, vault.VerificationFailed) as refusal:
            reply = Reply(422, refusal.xml())
        if fault and fault.after:
            return _spoil(fault) or reply
        return reply

    def _once(self, books: Books, found: Route, ids: tuple[str, ...], params: Params, body: bytes) -> Reply:
        """The same request key gets the same answer again, and does nothing; with another request it is refused."""
        key = text(params, "api_request_key")
        if not key:
            return found.answer(self, books, params, ids)
        if not self.takes_keys:
            raise Refused("915231", "api_request_key", "API request keys are not allowed.")
        if len(key) > 255:
            raise Refused("915230", "api_request_key", "API request key is too long.")
        digest = hashlib.sha256(f"{found.op} {ids} ".encode() + body).hexdigest()
        before = books.get("request_key", key)
        if before and before["digest"] != digest:
            raise Refused("915232", "api_request_key", "API request key can be reused only with the same request.")
        if before:
            return Reply(before["status"], before["body"])
        reply = found.answer(self, books, params, ids)
        books.put("request_key", key, {"digest": digest, "status": reply.status, "body": reply.body})
        return reply


def _spoil(fault: Fault) -> Reply | None:
    """What the fault makes of the answer; None when it only took its time."""
    if fault.kind in BELOW:
        raise Lost(fault.kind, fault.seconds)
    if fault.kind == "slow":
        time.sleep(fault.seconds)
        return None
    if fault.kind.isdecimal() and len(fault.kind) > 3:
        return Reply(422, Refused(fault.kind, "base", "On demand.").xml())
    if fault.kind.isdecimal():
        return Reply(int(fault.kind), "")
    bodies = {
        "html": (200, "<html><body>Sorry<br></html>"),
        "empty": (422, ""),
        "xml": (200, wire.write("other", {"a": "b"})),
    }
    return Reply(*bodies[fault.kind])


def open_gateway(data_dir: Path) -> DemoGateway:
    """This install's own demo gateway: its keys and books lie in DATA_DIR, so they outlive a restart."""
    return DemoGateway(kept_keys(data_dir / "demo_gateway_keys"), Store(data_dir / "demo_gateway.db"))


# ---------------------------------------------------------------------------------------------------------- routes


@route("POST", "/client_token", "client_token")
def _client_token(gateway: DemoGateway, books: Books, params: Params, _ids: tuple[str, ...]) -> Reply:
    customer_id = text(params, "customer_id")
    if customer_id and not books.get("customer", customer_id):
        raise Refused("92804", "customer_id", "Customer specified by customer_id does not exist.", on="client_token")
    content = {"version": 2, "environment": "demo", "merchantId": gateway.keys.merchant_id}
    return Reply(201, wire.write("client_token", {"value": base64.b64encode(json.dumps(content).encode()).decode()}))


@route("GET", "/merchant_accounts/*", "merchant_account")
def _merchant_account(_gateway: DemoGateway, _books: Books, _params: Params, ids: tuple[str, ...]) -> Reply:
    code = ids[0].removeprefix("demo_").upper()
    if transactions.account_of(code) != ids[0] or len(code) != 3:
        raise Unknown
    content = {"id": ids[0], "currency_iso_code": code, "default": code == "USD", "status": "active"}
    return Reply(200, wire.write("merchant_account", content))


@route("POST", "/customers", "customer")
def _create_customer(_gateway: DemoGateway, books: Books, params: Params, _ids: tuple[str, ...]) -> Reply:
    return Reply(201, wire.write("customer", vault.customer_xml(books, vault.create_customer(books, params))))


@route("PUT", "/customers/*", "customer")
def _update_customer(_gateway: DemoGateway, books: Books, params: Params, ids: tuple[str, ...]) -> Reply:
    return Reply(200, wire.write("customer", vault.customer_xml(books, vault.update_customer(books, ids[0], params))))


@route("GET", "/customers/*", "customer")
def _customer(_gateway: DemoGateway, books: Books, _params: Params, ids: tuple[str, ...]) -> Reply:
    return Reply(200, wire.write("customer", vault.customer_xml(books, vault.customer(books, ids[0]))))


def _method_reply(status: int, doc: Doc) -> Reply:
    return Reply(
        status, wire.write("credit_card" if doc["kind"] == "card" else "us_bank_account", vault.method_xml(doc))
    )


@route("POST", "/payment_methods", "store_method")
def _store(_gateway: DemoGateway, books: Books, params: Params, _ids: tuple[str, ...]) -> Reply:
    return _method_reply(201, vault.store(books, params))


@route("GET", "/payment_methods/any/*", "find_method")
def _method(_gateway: DemoGateway, books: Books, _params: Params, ids: tuple[str, ...]) -> Reply:
    return _method_reply(200, vault.method(books, ids[0]))


@route("DELETE", "/payment_methods/any/*", "delete_method")
def _forget(_gateway: DemoGateway, books: Books, _params: Params, ids: tuple[str, ...]) -> Reply:
    vault.forget(books, ids[0])
    return Reply(204, "")


@route("POST", "/payment_methods/*/nonces", "nonce")
def _make_nonce(_gateway: DemoGateway, books: Books, _params: Params, ids: tuple[str, ...]) -> Reply:
    return Reply(201, wire.write("payment_method_nonce", vault.nonce_xml(vault.make_nonce(books, ids[0]))))


@route("GET", "/payment_method_nonces/*", "nonce")
def _nonce(_gateway: DemoGateway, books: Books, _params: Params, ids: tuple[str, ...]) -> Reply:
    return Reply(200, wire.write("payment_method_nonce", vault.nonce_xml(vault.nonce(books, ids[0]))))


@route("PUT", "/us_bank_account_verifications/*/confirm_micro_transfer_amounts", "micro_deposits")
def _deposits(_gateway: DemoGateway, books: Books, params: Params, ids: tuple[str, ...]) -> Reply:
    check = vault.confirm_deposits(books, ids[0], params.get("deposit_amounts"))
    if not check["right"]:
        refusal = Refused("96103", "base", "Amounts do not match.", on="us_bank_account_verification")
        # The try counts although it was wrong: no exception, which would take it back.
        return Reply(422, refusal.xml())
    return Reply(200, wire.write("us_bank_account_verification", vault.verification_xml(check)))


def _transaction_reply(status: int, doc: Doc) -> Reply:
    shown = transactions.transaction_xml(doc)
    if not transactions.did_fail(doc) or status == 200:
        return Reply(status, wire.write("transaction", shown))
    errors = {"errors": wire.Array()}
    return Reply(
        422, wire.write("api_error_response", {"errors": errors, "message": doc["text"], "transaction": shown})
    )


@route("POST", "/transactions", "sale")
def _sale(gateway: DemoGateway, books: Books, params: Params, _ids: tuple[str, ...]) -> Reply:
    doc = transactions.sale(books, params)
    if gateway.tamper:
        gateway.tamper(doc)
        books.put("transaction", doc["id"], doc)
    return _transaction_reply(201, doc)


@route("GET", "/transactions/*", "find")
def _find(_gateway: DemoGateway, books: Books, _params: Params, ids: tuple[str, ...]) -> Reply:
    return _transaction_reply(200, transactions.find(books, ids[0]))


@route("PUT", "/transactions/*/void", "void")
def _void(_gateway: DemoGateway, books: Books, _params: Params, ids: tuple[str, ...]) -> Reply:
    return _transaction_reply(200, transactions.void(books, transactions.find(books, ids[0])))


@route("POST", "/transactions/*/refund", "refund")
def _refund(_gateway: DemoGateway, books: Books, params: Params, ids: tuple[str, ...]) -> Reply:
    return _transaction_reply(201, transactions.refund(books, transactions.find(books, ids[0]), params))


@route("POST", "/transactions/*/reverse", "reverse")
def _reverse(_gateway: DemoGateway, books: Books, _params: Params, ids: tuple[str, ...]) -> Reply:
    return _transaction_reply(201, transactions.reverse(books, transactions.find(books, ids[0])))


@route("PUT", "/transactions/*/update_details", "reduce")
def _update(_gateway: DemoGateway, books: Books, params: Params, ids: tuple[str, ...]) -> Reply:
    return _transaction_reply(200, transactions.update_details(books, transactions.find(books, ids[0]), params))


@route("PUT", "/transactions/*/settle", "testing")
def _settle(_gateway: DemoGateway, books: Books, _params: Params, ids: tuple[str, ...]) -> Reply:
    doc = transactions.find(books, ids[0])
    transactions.settle(books, doc)
    return _transaction_reply(200, doc)


@route("PUT", "/transactions/*/settlement_decline", "testing")
def _decline_settlement(_gateway: DemoGateway, books: Books, _params: Params, ids: tuple[str, ...]) -> Reply:
    doc = transactions.find(books, ids[0])
    transactions.decline_settlement(books, doc)
    return _transaction_reply(200, doc)


@route("POST", "/transactions/advanced_search_ids", "search")
def _search_ids(_gateway: DemoGateway, books: Books, params: Params, _ids: tuple[str, ...]) -> Reply:
    return Reply(200, wire.write("search_results", searches.ids(books, params)))


@route("POST", "/transactions/advanced_search", "search")
def _search(_gateway: DemoGateway, books: Books, params: Params, _ids: tuple[str, ...]) -> Reply:
    return Reply(200, wire.write("credit_card_transactions", searches.page(books, params)))
