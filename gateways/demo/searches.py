"""Looking for transactions at the demo gateway: first all ids, then pages, as Braintree does it in two calls."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from gateways.demo import transactions, wire
from gateways.demo.store import Books, Doc

PAGE = 50
_TEXTS = {"order_id", "id", "customer_id", "merchant_account_id"}
_LISTS = {"status", "type", "ids"}


def ids(books: Books, criteria: dict[str, Any]) -> Doc:
    """Newest first, as Braintree lists them."""
    return {"page_size": PAGE, "ids": [doc["id"] for doc in reversed(_matching(books, criteria))]}


def page(books: Books, criteria: dict[str, Any]) -> wire.Many:
    found = {doc["id"]: doc for doc in _matching(books, criteria)}
    wanted = [found[id_] for id_ in criteria.get("ids", []) if id_ in found]
    return wire.Many([("transaction", transactions.transaction_xml(doc)) for doc in wanted])


def _matching(books: Books, criteria: dict[str, Any]) -> list[Doc]:
    order = criteria.get("order_id")
    days = criteria.get("created_at")
    if isinstance(order, dict) and "is" in order:
        docs = books.of_order("transaction", order["is"])
    elif isinstance(days, dict):
        docs = books.created("transaction", days.get("min") or days.get("is") or "", days.get("max") or "~")
    else:
        docs = books.created("transaction")
    return [doc for doc in (transactions.aged(books, doc) for doc in docs) if _fits(doc, criteria)]


def _fits(doc: Doc, criteria: dict[str, Any]) -> bool:
    return all(_fits_one(doc, name, wanted) for name, wanted in criteria.items())


def _fits_one(doc: Doc, name: str, wanted: Any) -> bool:  # noqa: ANN401 -- a list or a group
    if name in _LISTS:
        return str(doc["id" if name == "ids" else name]) in wanted
    if name in _TEXTS and isinstance(wanted, dict):
        value = str(doc.get(name) or "")
        tests: dict[str, Callable[[str], object]] = {
            "is": value.__eq__, "is_not": value.__ne__, "starts_with": value.startswith, "ends_with": value.endswith,
            "contains": value.__contains__,
        }  # fmt: skip
        return all(how in tests and bool(tests[how](text)) for how, text in wanted.items())
    if name == "created_at" and isinstance(wanted, dict):
        low, high = wanted.get("min") or wanted.get("is") or "", wanted.get("max") or wanted.get("is") or "~"
        return bool(low <= doc["created_at"] <= high)
    if name == "amount" and isinstance(wanted, dict):
        low, high = wanted.get("min") or wanted.get("is"), wanted.get("max") or wanted.get("is")
        amount = Decimal(doc["amount"])
        return (not low or Decimal(low) <= amount) and (not high or amount <= Decimal(high))
    # What it does not know finds nothing: better than finding everything.
    return False
