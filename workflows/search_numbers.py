"""What is found by a number (requests, visits, invoices, payments and their like), and visits by client and day."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa
from babel import Locale
from babel.dates import get_month_names

from foundation import clock
from foundation.among import among
from foundation.db import db
from models import Client, CreditNote, Invoice, Job, JobRequest, Payment, Refund, ServiceItem
from workflows import settings
from workflows.search_words import fold

REQUEST, VISIT, INVOICE, NOTE, PAYMENT, REFUND = "request", "visit", "invoice", "note", "payment", "refund"
#: kind, record, title, detail, client: the beginning of a `search.Hit`
Row = tuple[str, int, str, str, int | None]
#: a table's class, a column or a row, of whatever kind
_Some: TypeAlias = Any
_Shape: TypeAlias = sa.Select[Any]
_MOST_ID = 2**31 - 1
_ASKED = re.compile(r"(#?)\s*([^\W\d]{0,12}[-/ ]?)\s*0*(\d{1,10})", re.ASCII)
_MOST_VISITS = 20


def find(text: str, *, with_billing: bool) -> list[Row]:
    """Requests and visits ("#123", "123"), and papers of billing ("INV-1024", "1024") with exactly this number."""
    typed = " ".join(text.replace("\0", " ").split())[:40]
    asked = _ASKED.fullmatch(typed)
    number = int(asked[3]) if asked else 0
    if asked is None or not 0 < number <= _MOST_ID:
        return _papers(typed) if with_billing and " " not in typed and re.search(r"\d", typed) else []
    plain = not asked[2].strip()
    parts = [_request(number), _visit(number)] if plain else []
    if with_billing and not asked[1]:
        parts += [_paper(kind, model, number, typed) for kind, model in _PAPERS]
    if not parts:
        return []
    before = fold(asked[2]).strip(" -/")
    found = db.session.execute(sa.union_all(*parts)).all()
    return [_row(r) for r in found if not before or fold(r.title).startswith(before)]


_PAPERS: tuple[tuple[str, Any], ...] = ((INVOICE, Invoice), (NOTE, CreditNote), (PAYMENT, Payment), (REFUND, Refund))


def _papers(typed: str) -> list[Row]:
    """Papers whose printed number is exactly what was typed, such as one of an older program."""
    parts = [
        _of_client(kind, _id(model), model.number, model).where(model.number == typed.upper())
        for kind, model in _PAPERS
    ]
    return [_row(r) for r in db.session.execute(sa.union_all(*parts))]


def _paper(kind: str, model: _Some, number: int, typed: str) -> _Shape:
    named = sa.or_(model.sequence == number, model.number == typed.upper())
    return _of_client(kind, _id(model), model.number, model).where(named, model.number.is_not(None))


def _id(model: _Some) -> _Some:
    """A refund has no page of its own: it stands on its payment's."""
    return Refund.payment_id if model is Refund else model.id


def _request(number: int) -> _Shape:
    title = sa.literal("#") + sa.cast(JobRequest.number, sa.String)
    return _of_client(REQUEST, JobRequest.id, title, JobRequest).where(JobRequest.number == number)


def _visit(number: int) -> _Shape:
    title = sa.literal("#") + sa.cast(Job.id, sa.String)
    return _of_client(VISIT, Job.id, title, Job).where(Job.id == number)


def _of_client(kind: str, key: _Some, title: _Some, model: _Some) -> _Shape:
    """The columns of one kind, all of the same shape."""
    client_id = model.client_id
    joined = sa.select(
        sa.literal(kind).label("kind"), key.label("id"), sa.cast(title, sa.String).label("title"),
        client_id.label("client_id"), Client.first_name, Client.last_name,
    )  # fmt: skip
    return joined.select_from(model).join(Client, Client.id == client_id)


def _row(row: _Some) -> Row:
    return (row.kind, row.id, row.title, f"{row.first_name} {row.last_name}".strip(), row.client_id)


# ----------------------------------------------------------------------------------------------------- client and day


def day_in(text: str) -> tuple[dt.date | None, str]:
    """A day in the text ("28 nov", "nov 28 2026", "2026-11-28", "28.11.") and the text without it.

    A day without its year is the nearest one. Names of months are known in English and in the business's language,
    from three letters on.
    """
    folded = fold(text.replace("\0", " ")[:200])
    for pattern, names in _PATTERNS:
        found = pattern.search(folded)
        if found is None:
            continue
        parts = dict(zip(names, found.groups(), strict=True))
        month = parts["month"]
        number = int(month) if month.isdecimal() else _month(month)
        if (day := _day(parts.get("year"), number, int(parts["day"]))) is not None:
            return day, f"{folded[: found.start()]} {folded[found.end() :]}"
    return None, text


_WORD = r"([^\W\d_]{3,12})\.?"
_PATTERNS = tuple(
    (re.compile(pattern), names)
    for pattern, names in (
        (r"(?<!\d)(20\d\d)-(\d{1,2})-(\d{1,2})(?!\d)", ("year", "month", "day")),
        (r"(?<!\d)(\d{1,2})\.(\d{1,2})\.(20\d\d)?(?!\d)", ("day", "month", "year")),
        (rf"(?<!\d)(\d{{1,2}})\.? {_WORD}(?: (20\d\d))?(?!\w)", ("day", "month", "year")),
        (rf"(?<!\w){_WORD} (\d{{1,2}})(?:,? (20\d\d))?(?!\d)", ("month", "day", "year")),
    )
)


def _month(word: str) -> int:
    """The number of a month from the beginning of its name, 0 where it is none."""
    for name in (str(settings.read()["business.locale"]), "en"):
        names = get_month_names("wide", locale=Locale.parse(name))
        for number, full in names.items():
            if fold(full).startswith(word):
                return int(number)
    return 0


def _day(year: str | None, month: int, day: int) -> dt.date | None:
    today = clock.today()
    years = [int(year)] if year else [today.year - 1, today.year, today.year + 1]
    days = []
    for one in years:
        try:
            days.append(dt.date(one, month, day))
        except ValueError:
            continue
    return min(days, key=lambda d: abs(d - today), default=None)


def visits_on(day: dt.date, client_ids: Sequence[int]) -> list[Row]:
    """The visits of these clients that begin on the day, called-off ones among them."""
    wanted = (
        sa.select(Job.id, Job.client_id, Job.on_date, Client.first_name, Client.last_name, ServiceItem.name)
        .join(Client, Client.id == Job.client_id)
        .join(ServiceItem, ServiceItem.id == Job.service_item_id)
        .where(among(Job.client_id, client_ids), Job.on_date == day)
        .order_by(Job.start_time, Job.id)
        .limit(_MOST_VISITS)
    )
    return [
        (VISIT, r.id, f"#{r.id} {r.name}", f"{r.first_name} {r.last_name}".strip(), r.client_id)
        for r in db.session.execute(wanted)
    ]
