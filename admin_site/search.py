"""What a typed text means as a condition: every word must be found somewhere, without regard to case.

Relations are asked through `IN (SELECT …)`: an outer join with a CAST, Flask-Admin's way, took fifteen times as long.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import Client, ClientContact, Job, JobRequestLine, Pet, ServiceItem, Staff, Vet

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

    SQLite's LIKE knows case only of a to z, so words with other letters go through our `casefold` function there.
    """
    if db.session.get_bind().dialect.name != "sqlite":
        return column.ilike(f"%{escaped(word)}%", escape="\\")
    if word.isascii():
        return column.like(f"%{escaped(word)}%", escape="\\")
    return sa.func.casefold(column).like(f"%{escaped(word.casefold())}%", escape="\\")


def number_in(column: Any, digits: str) -> Condition:
    """Do the digits stand in an account or phone number? Phones are kept as +447700…, so a leading 0 is left out."""
    return column.like(f"%{digits.lstrip('0') or digits}%")


def every_word(text: str, places: Callable[[str, str], Iterable[Condition]]) -> Condition:
    """All words of the text; `places(word, digits)` gives the conditions of which one must hold for a word."""
    tidied = tidy(text)
    if _NUMBER.fullmatch(tidied):  # "4417 209 318" is one number, not three words
        tidied = re.sub(r"\D", "", tidied)
    words = [w[:_LONGEST] for w in tidied.split()[:_MOST_WORDS]]
    return sa.and_(sa.true(), *(sa.or_(*places(w, _digits(w))) for w in words))


def _digits(word: str) -> str:
    return re.sub(r"\D", "", word) if _NUMBER.fullmatch(word) else ""


def clients(text: str, *, with_pets: bool = True) -> Condition:
    """Clients by name, mail address, account number, phone, or the name of a pet."""

    def places(word: str, digits: str) -> Iterable[Condition]:
        if digits:
            yield number_in(Client.account_number, digits)
            yield number_in(Client.phone, digits)
        for column in (Client.first_name, Client.last_name, Client.email):
            yield contains(column, word)
        if with_pets:
            yield Client.id.in_(sa.select(Pet.client_id).where(contains(Pet.name, word)))

    return every_word(text, places)


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
    """Pets by name, breed, or their client."""

    def places(word: str, _digits: str) -> Iterable[Condition]:
        yield contains(Pet.name, word)
        yield contains(Pet.breed, word)
        yield Pet.client_id.in_(sa.select(Client.id).where(clients(word, with_pets=False)))

    return every_word(text, places)


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


def visits(text: str) -> Condition:
    """Visits by client (or pet), service, or sitter."""
    return _planned(Job, text)


def request_lines(text: str) -> Condition:
    """Requested visits by client (or pet), service, or the sitter in mind."""
    return _planned(JobRequestLine, text)


def _planned(kind: type[Job] | type[JobRequestLine], text: str) -> Condition:
    def places(word: str, _digits: str) -> Iterable[Condition]:
        yield kind.client_id.in_(sa.select(Client.id).where(clients(word)))
        yield kind.service_item_id.in_(sa.select(ServiceItem.id).where(contains(ServiceItem.name, word)))
        yield kind.sitter_id.in_(sa.select(Staff.id).where(staff(word)))

    return every_word(text, places)
