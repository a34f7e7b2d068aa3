"""The office's search: whom and what a few typed words mean. At most three statements, five where a day is named.

Names, phones, mails, account numbers, addresses, practices and services stand in `SearchEntry`; requests, visits,
invoices and payments are found by their numbers, and visits also by "client and day". Amounts are never among it.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY

from foundation.db import db
from models import SearchEntry, SearchKind
from workflows import search_numbers, search_words
from workflows.actors import Actor
from workflows.permissions import Permission
from workflows.search_words import fold, is_one_slip, words_in

#: what one search shows of people and things
MOST = 50
#: what fits a beginning is looked at up to here: more is no answer to anything
_CANDIDATES, _RANKED = 1_000, 80
_ORDER = {kind: n for n, kind in enumerate(SearchKind)}
E = SearchEntry


@dataclass(frozen=True)
class Hit:
    """One thing that was found. `kind` is a SearchKind, or what `search_numbers` names."""

    kind: str
    record_id: int
    title: str
    detail: str = ""
    client_id: int | None = None
    is_past: bool = False
    #: of visits that were found by their day
    on_date: dt.date | None = None


def find(text: str, *, actor: Actor, most: int = MOST) -> list[Hit]:
    """What the text means, the likeliest first.

    Every word must fit: as a word, its beginning, a part of three letters, or with one slip in a word of five letters
    or more; what fits better, and in its own name, stands first, what is archived last. Numbers of papers come before
    everything when nothing but a number was typed. Refused with NotAllowed to whoever may not open the office; invoices
    and payments only for who may see them.
    """
    actor.require(Permission.OFFICE)
    may_bill = actor.may(Permission.BILLING)
    day, rest = search_numbers.day_in(text)
    named = _named(search_words.asked(text), most)
    if day is None:
        numbered = [Hit(*row) for row in search_numbers.find(text, with_billing=may_bill)]
        return [*numbered, *named][:most]
    owners = [h.client_id for h in _named(search_words.asked(rest), most) if h.client_id is not None]
    visits = [Hit(*row, on_date=day) for row in search_numbers.visits_on(day, owners)] if owners else []
    return [*visits, *named][:most]


def _named(words: Sequence[str], most: int) -> list[Hit]:
    """Entries that all words fit; those with a slip or a part only where beginnings do not fill the answer."""
    if not words or max(map(len, words)) < 2:
        return []
    found = _ranked(_candidates([[_begins(w)] for w in words], words[0]), words)
    if len(found) < most:
        loose = [[_begins(w), *_parts(w), *map(_exactly, search_words.near_tokens(w))] for w in words]
        seen = {(h.kind, h.record_id) for h in found}
        more = _ranked(_candidates(loose, words[0]), words)
        found += [h for h in more if (h.kind, h.record_id) not in seen]
        found.sort(key=lambda h: h.is_past)
    return found[:most]


def _begins(word: str) -> str:
    return f'"{word}"*' if _is_sqlite() else f"'{word}':*"


def _parts(word: str) -> list[str]:
    return [_begins(f"-{word}")] if len(word) >= search_words.PART else []


def _exactly(token: str) -> str:
    return f'"{token}"' if _is_sqlite() else f"'{token}'"


def _is_sqlite() -> bool:
    return db.session.get_bind().dialect.name == "sqlite"


def _candidates(words: Iterable[Iterable[str]], first: str) -> Sequence[Any]:
    """Entries in which each word's alternatives occur, whole words first. The words are letters and digits only."""
    either, both = (" OR ", " AND ") if _is_sqlite() else (" | ", " & ")
    asked = both.join(f"({either.join(one)})" for one in words)
    fitting = _fitting(asked).limit(_CANDIDATES).subquery()
    whole = sa.literal(" ") + E.words + sa.literal(" ")
    order = (E.is_past, sa.case((whole.like(f"% {first} %"), 0), else_=1), E.id)
    columns = (E.kind, E.record_id, E.title, E.detail, E.client_id, E.is_past, E.words)
    return db.session.execute(
        sa.select(*columns).where(E.id.in_(sa.select(fitting))).order_by(*order).limit(_RANKED)
    ).all()


def _fitting(asked: str) -> sa.Select[Any]:
    """The keys of the entries in which the full-text question holds."""
    if not _is_sqlite():
        return sa.select(E.id).where(E.tokens.op("@@")(sa.cast(asked, TSQUERY)))
    index = sa.table("search_index", sa.column("rowid"), sa.column("search_index"))
    return sa.select(index.c.rowid).where(index.c.search_index.op("MATCH")(sa.literal(asked)))


def _ranked(rows: Sequence[Any], words: Sequence[str]) -> list[Hit]:
    """The rows whose words really fit, the best first."""
    found = []
    for row in rows:
        title = set(words_in(row.title))
        every = row.words.split()
        scores = [s for s in (_score(word, title, every) for word in words) if s is not None]
        if len(scores) == len(words):
            place = (row.is_past, sum(scores), _ORDER[row.kind], fold(row.title), row.record_id)
            hit = Hit(row.kind.value, row.record_id, row.title, row.detail, row.client_id, row.is_past)
            found.append((place, hit))
    return [hit for _place, hit in sorted(found, key=lambda pair: pair[0])]


def _score(word: str, title: set[str], every: Sequence[str]) -> int | None:
    """How well a word fits, 0 the best; None where it does not."""
    if word in title:
        return 0
    if any(w.startswith(word) for w in title):
        return 1
    if word in every:
        return 2
    if any(w.startswith(word) for w in every):
        return 3
    if len(word) >= search_words.PART and any(word in w for w in every):
        return 4
    if any(is_one_slip(word, w) for w in every):
        return 5
    return None
