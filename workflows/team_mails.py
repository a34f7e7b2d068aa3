"""What the mails between sitters and the office are about, as plain values; a part of `mail_facts`, where each is named
with its kind."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TimeOffAsked:
    """To the office: a sitter asks for days off, or needs approved ones no more."""

    sitter_name: str
    first_on: str
    last_on: str
    note: str = ""
    #: visits that the sitter has in these days
    n_visits: int = 0
    #: for the link to where it is decided
    time_off_id: int = 0
    withdrawn: bool = False


@dataclass(frozen=True)
class TimeOffDecided:
    """To the sitter: what the office says to days off."""

    sitter_name: str
    first_on: str
    last_on: str
    #: "approved", "declined", "changed" or "removed"
    outcome: str
    message: str = ""


@dataclass(frozen=True)
class SitterMessageFacts:
    """A message between a sitter and the office, to the other side."""

    sitter_name: str
    body: str
    #: who wrote it
    author_name: str
    from_office: bool = False
    #: "Dog walk, Thu 26 Nov, 12:00" of the visit that it is about, without the client's name; "" for none
    about: str = ""
    #: for the office's link to the thread
    staff_id: int = 0
