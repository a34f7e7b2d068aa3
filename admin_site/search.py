"""What a typed text means as a condition: every word must be found somewhere, without regard to case.

Relations are asked through `IN (SELECT …)`: an outer join with a CAST, Flask-Admin's way, took fifteen times as long.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from admin_site import search_parts
from foundation.among import KeyList, among
from foundation.db import db
from models import (
    Activity,
    ChangeRequest,
    Client,
    ClientContact,
    Job,
    JobRequestLine,
    OutboxMail,
    Pet,
    ReportCard,
    ServiceItem,
    Staff,
    StoredFile,
    Vet,
)

Condition = sa.ColumnElement[bool]
_MOST_WORDS, _LONGEST = 6, 60
#: digits as people group them: account and phone numbers
_NUMBER = re.compile(r"[\d\s()+./-]*\d[\d\s()+./-]*")


def tidy(text: str | None) -> str:
    """What was typed, without what no database takes."""
    return " ".join((text or "").replace("\0", "").split())[:200]


def escaped(word: str) -> str:
    """A word with LIKE's wildcards taken literally; the escape sign is a backslash."""
    return re.sub(r"([\\%_])", r"\\\1", word)


def contains(column: Any, word: str) -> Condition:
    """Is the word in the column, whatever its case?

    SQLite's LIKE knows case only of a to z, so words with other letters go through our `casefold` function there. On
    PostgreSQL the rules of "C", which know no other letters either, are twice as fast where they are enough.
    """
    pattern = f"%{escaped(word)}%"
    escape = "\\" if "\\" in pattern else None
    if not is_sqlite():
        return (sa.collate(column, "C") if word.isascii() else column).ilike(pattern, escape=escape)
    if word.isascii():
        return column.like(pattern, escape=escape)
    return sa.func.casefold(column).like(pattern.casefold(), escape=escape)


def is_sqlite() -> bool:
    """Is the database SQLite?"""
    return db.session.get_bind().dialect.name == "sqlite"


def number_in(column: Any, digits: str) -> Condition:
    """Do the digits stand in an account or phone number?"""
    return column.like(f"%{_bare(digits)}%")


def _bare(digits: str) -> str:
    """Without a leading 0: phones are kept as +447700…"""
    return digits.lstrip("0") or digits


def words_of(text: str) -> list[str]:
    """The words of a text; "4417 209 318" is one number, not three words."""
    tidied = tidy(text)
    if _NUMBER.fullmatch(tidied):
        tidied = re.sub(r"\D", "", tidied)
    return [w[:_LONGEST] for w in tidied.split()[:_MOST_WORDS]]


def every_word(text: str, places: Callable[[str, str], Iterable[Condition]]) -> Condition:
    """All words of the text; `places(word, digits)` gives the conditions of which one must hold for a word."""
    return sa.and_(sa.true(), *(sa.or_(*places(w, _digits(w))) for w in words_of(text)))


def _digits(word: str) -> str:
    return re.sub(r"\D", "", word) if _NUMBER.fullmatch(word) else ""


def clients(text: str, *, with_pets: bool = True) -> Condition:
    """Clients by name, mail address, account number, phone, or the name of a pet."""
    if with_pets:
        return sa.and_(sa.true(), *(Client.id.in_(_client_keys(word)) for word in words_of(text)))
    return sa.and_(sa.true(), *(_is_client(word) for word in words_of(text)))


def _is_client(word: str) -> Condition:
    digits = _digits(word)
    numbers = [number_in(column, digits) for column in (Client.account_number, Client.phone)] if digits else []
    names = [contains(column, word) for column in (Client.first_name, Client.last_name, Client.email)]
    return _indexed(Client, sa.or_(*numbers, *names), [word, _bare(digits)] if digits else [word])


def _is_pet(word: str, *columns: Any) -> Condition:
    return _indexed(Pet, sa.or_(*(contains(column, word) for column in columns)), [word])


def _indexed(model: type[Client | Pet], condition: Condition, parts: Iterable[str]) -> Condition:
    """The same condition; SQLite compares the rows that its index of parts names."""
    likely = search_parts.likely(model, parts) if is_sqlite() else None
    return condition if likely is None else sa.and_(likely, condition)


def _client_keys(word: str) -> sa.CompoundSelect[int]:
    """The keys of the clients that a word means, also by a pet's name. Each table is asked by itself, so that its index of
    parts of words (migrations 0015 and 0017) serves it; as one condition on both the tables would be read."""
    own = sa.select(Client.id).where(_is_client(word))
    return sa.union(own, sa.select(Pet.client_id).where(_is_pet(word, Pet.name)))


def contacts(text: str) -> Condition:
    """Contacts by name, mail address, phone, or their client."""

    def places(word: str, digits: str) -> Iterable[Condition]:
        if digits:
            yield number_in(ClientContact.phone, digits)
        yield contains(ClientContact.name, word)
        yield contains(ClientContact.email, word)
        yield ClientContact.client_id.in_(sa.select(Client.id).where(clients(word, with_pets=False)))

    return every_word(text, places)


def pets(text: str) -> Condition:
    """Pets by name, breed, or their client; see `_client_keys`."""

    def keys(word: str) -> sa.CompoundSelect[int]:
        of_client = Pet.client_id.in_(sa.select(Client.id).where(_is_client(word)))
        own = sa.select(Pet.id).where(_is_pet(word, Pet.name, Pet.breed))
        return sa.union(own, sa.select(Pet.id).where(of_client))

    return sa.and_(sa.true(), *(Pet.id.in_(keys(word)) for word in words_of(text)))


def plain(*columns: Any, numbers: tuple[Any, ...] = ()) -> Callable[[str], Condition]:
    """A search through text columns of one table; `numbers` are its phone columns."""

    def search(text: str) -> Condition:
        def places(word: str, digits: str) -> Iterable[Condition]:
            yield from (number_in(column, digits) for column in numbers if digits)
            yield from (contains(column, word) for column in columns)

        return every_word(text, places)

    return search


vets = plain(Vet.name, Vet.email, Vet.address, numbers=(Vet.phone,))
staff = plain(Staff.first_name, Staff.last_name, Staff.email, numbers=(Staff.phone,))
services = plain(ServiceItem.name, ServiceItem.code, ServiceItem.description)


# ------------------------------------------------------------------------------------------------- the big tables
#
# Visits, requests, the log and the mails are found through the small tables: first, in one query, whom and what the
# words name; then the rows of those. A few keys are served by the key's index; for many keys, walking the rows in their
# order meets enough of them soon. Counting has no order and is always served by the key's index.

_FEW = 40
#: more keys than this stay a query within the query
_LISTED = 1_000


@dataclass(frozen=True)
class Planned:
    """The same condition twice: as a page in the list's order is found soonest, and as its rows are counted soonest.

    Counted, it may be several, of which one must hold: each is served by an index of its own.
    """

    rows: Condition
    count: tuple[Condition, ...]


@dataclass(frozen=True)
class _Named:
    """What words name in one small table: its keys, or the query for them when they are many."""

    keys: Sequence[int]
    query: Any

    def holds(
        self, column: Any, *, many_each: bool = False, counting: bool = False, one_index: bool = False
    ) -> list[Condition]:
        """The condition that the column is one of the keys; none when there are none.

        `many_each`: a key has many rows, as a service has. SQLite would then sort all of them; "+ 0" keeps it from
        using the key's index, so it walks the order's. `one_index`: whatever else is asked, the key's index serves it.
        """
        if not self.keys:
            return []
        many = many_each or len(self.keys) > _FEW
        on_sqlite = is_sqlite()
        walks = on_sqlite and many and not counting
        place = column + 0 if walks else column
        if len(self.keys) > _LISTED:
            return [place.in_(self.query)]
        if len(self.keys) > _FEW and not on_sqlite:
            # PostgreSQL would ask its statistics about each of hundreds of keys, which takes longer than the answer.
            # "IS true" keeps it from gathering all their rows to sort them, where the order's index meets some soon.
            holds = place.in_(sa.select(sa.func.unnest(sa.literal(self.keys, KeyList()))))
            return [holds if counting else holds.is_(sa.true())]
        # Where SQLite may choose an index it must see how few they are; else they go as one parameter, not as hundreds.
        sees_them = on_sqlite and not walks and not (one_index and counting)
        return [place.in_(self.keys) if sees_them else among(place, self.keys)]


def _named(queries: Sequence[Any]) -> list[_Named]:
    """The keys that queries find in small tables, all with one query."""
    some = [
        sa.select(sa.literal(n, sa.Integer).label("n"), query.limit(_LISTED + 1).subquery(f"q{n}").c.id)
        for n, query in enumerate(queries)
    ]
    keys: list[list[int]] = [[] for _ in queries]
    # Not through the session, which would go the entities' long way; all at once: row by row is ten times as slow.
    for n, key in db.session.connection().execute(sa.union_all(*some)).all():
        keys[n].append(key)
    return [_Named(*pair) for pair in zip(keys, queries, strict=True)]


def _clients_only(text: str) -> sa.Executable:
    """The keys of the clients that all words of a text name, without their pets' names."""
    return sa.select(Client.id).where(clients(text, with_pets=False))


def _people(text: str) -> sa.Executable:
    return sa.select(Staff.id).where(staff(text))


def visits(text: str) -> Planned:
    """Visits by client (or pet), service, or sitter."""
    return _planned(Job, text)


def request_lines(text: str) -> Planned:
    """Requested visits by client (or pet), service, or the sitter in mind."""
    return _planned(JobRequestLine, text)


def _planned(kind: type[Job] | type[JobRequestLine], text: str) -> Planned:
    words = words_of(text)
    wanted = [
        query
        for word in words
        for query in (
            _client_keys(word),
            sa.select(ServiceItem.id).where(contains(ServiceItem.name, word)),
            _people(word),
        )
    ]
    found = iter(_named(wanted) if wanted else [])
    named = list(zip(found, found, found, strict=True))

    def by_word(*, counting: bool) -> list[list[Condition]]:
        return [
            [
                *client.holds(kind.client_id, counting=counting),
                *service.holds(kind.service_item_id, many_each=True, counting=counting),
                *person.holds(kind.sitter_id, many_each=True, counting=counting),
            ]
            for client, service, person in named
        ]

    def all_words(words: Iterable[Iterable[Condition]]) -> Condition:
        return sa.and_(sa.true(), *(sa.or_(sa.false(), *places) for places in words))

    counted = by_word(counting=True)
    is_one = len(counted) == 1 and len(counted[0]) > 1
    return Planned(all_words(by_word(counting=False)), tuple(counted[0]) if is_one else (all_words(counted),))


def change_items(text: str) -> Condition:
    """What was asked about visits, by client (or pet); the list joins the request."""
    words = words_of(text)
    named = _named([_client_keys(word) for word in words]) if words else []
    return sa.and_(sa.true(), *(sa.or_(sa.false(), *one.holds(ChangeRequest.client_id)) for one in named))


def report_cards(text: str) -> Condition:
    """Report cards by client or pet, or by a part of the message; the list joins the visit."""
    (client,) = _named([sa.select(Client.id).where(clients(text))])
    return sa.or_(contains(ReportCard.message, tidy(text)), *client.holds(Job.client_id))


def files(text: str) -> Condition:
    """Stored files by client or pet, or by a part of their name."""
    (client,) = _named([sa.select(Client.id).where(clients(text))])
    return sa.or_(contains(StoredFile.name, tidy(text)), *client.holds(StoredFile.client_id))


def log_lines(text: str) -> Condition:
    """Lines of the log by client, or by who of the team did it."""
    client, person = _named([_clients_only(text), _people(text)])
    holds = [*client.holds(Activity.client_id), *person.holds(Activity.staff_id, many_each=True)]
    return sa.or_(sa.false(), *holds)


def mails(text: str) -> Condition:
    """Mails by client, by who of the team gets them, or by how their address begins."""
    client, person = _named([_clients_only(text), _people(text)])
    return sa.or_(
        _begins(OutboxMail.to_address, tidy(text).lower()),
        *client.holds(OutboxMail.client_id),
        *person.holds(OutboxMail.staff_id),
    )


def _begins(column: Any, start: str) -> Condition:
    """Does the column begin so? Both ways are served by an index: PostgreSQL's of patterns, SQLite's of bytes."""
    if is_sqlite():
        return sa.and_(column >= start, column < f"{start}\U0010ffff")
    return column.like(f"{escaped(start)}%", escape="\\")


def billing_papers(kind: Any, *columns: Any) -> Callable[[str], Planned]:
    """Invoices, payments and their like: by client, or by a part of their number, reference or the like.

    A number always ends in figures, so words without any that name clients are not looked for in the numbers: all that
    they could mean there is what stands before every number, and finding it means reading the whole table.
    """

    def search(text: str) -> Planned:
        words = words_of(text)
        named = _named([_client_keys(word) for word in words]) if words else []
        names_somebody = bool(named) and all(one.keys for one in named) and not re.search(r"\d", text)
        asked = [c for c in columns if not (names_somebody and c.key == "number")]
        parts = [contains(column, tidy(text)[:_LONGEST]) for column in asked]

        def by_client(*, counting: bool) -> Condition:
            holds = (one.holds(kind.client_id, counting=counting, one_index=True) for one in named)
            return sa.and_(sa.true(), *(sa.or_(sa.false(), *conditions) for conditions in holds))

        # Counted, each half is served by an index of its own; as one condition it would read every row.
        both = sa.union(*(sa.select(kind.id).where(half) for half in (by_client(counting=True), *parts)))
        return Planned(
            sa.or_(by_client(counting=False), *parts), (kind.id.in_(both) if parts else by_client(counting=True),)
        )

    return search
