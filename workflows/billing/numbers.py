"""The numbers of billing's papers, each series without a gap."""

from foundation.db import db
from models import Setting
from workflows import counters, settings

#: how each series is printed before its number; invoices as the setting says
PREFIXES = {
    "credit_note": "CN-",
    "debit_note": "DN-",
    "deposit_note": "DP-",
    "receipt": "R-",
    "refund": "RF-",
}


def next_number(series: str) -> tuple[int, str]:
    """The next number of a series and how it is printed; given in the caller's transaction, so a rollback leaves no gap."""
    return next_numbers(series, 1)[0]


def next_numbers(series: str, n: int) -> list[tuple[int, str]]:
    """The next `n` numbers of a series, in their order, all of which the caller must use; otherwise as `next_number`."""
    prefix = settings.read()["billing.invoice_prefix"] if series == "invoice" else PREFIXES[series]
    return [(number, f"{prefix}{number}") for number in counters.next_values(series, n)]


@settings.when_changed("billing.next_number")
def _go_on_with(number: int | None) -> None:
    """Raise the counter, and leave the setting empty again: afterwards the numbers count on by themselves."""
    if number is None:
        return
    counters.raise_to("invoice", number - 1)
    kept = db.session.get(Setting, "billing.next_number")
    if kept is not None:
        kept.value = None
        db.session.flush()
    settings.forget()
