"""The rows of a client's account history, put together in Python: a template takes three times as long."""

from collections.abc import Iterable

from flask_babel import gettext
from markupsafe import Markup

from admin_site.frame import money_words
from documents import billing_tables
from ui_kit import formats
from ui_kit.quick import escaped
from workflows.billing.history import Entry


def of_history(entries: Iterable[tuple[Entry, str | None]]) -> Markup:
    """A row for each step and the address of what it is about."""
    day, amount, balance = escaped(gettext("Day")), escaped(gettext("Amount")), escaped(gettext("Balance"))
    rows = []
    for entry, url in entries:
        words = escaped(billing_tables.entry_words(entry.kind, entry.number))
        what = f'<a class="ui-table__main" href="{escaped(url)}">{words}</a>' if url else words
        rows.append(
            f'<tr><th scope="row">{what}</th><td data-label="{day}"><span class="ui-num">'
            f'{escaped(formats.local_date(entry.on_date))}</span></td><td class="ui-r ui-num" data-label="{amount}"><span>'
            f'{escaped(money_words(entry.amount))}</span></td><td class="ui-r ui-num" data-label="{balance}"><span>'
            f"{escaped(money_words(entry.balance))}</span></td></tr>"
        )
    return Markup("\n".join(rows))  # noqa: S704 -- every piece is escaped where it is put in
