"""What the mails to sitters, and from them to the office, are about."""

from dataclasses import dataclass

from workflows.mail_facts.visits import VisitFacts


@dataclass(frozen=True)
class SitterVisits:
    """To the sitter: visits given to you, moved, or no longer yours."""

    sitter_name: str
    client_name: str
    visits: tuple[VisitFacts, ...]
    #: the visit before the move, for SITTER_VISIT_MOVED
    before: tuple[VisitFacts, ...] = ()
    #: "cancelled", "reassigned" or "request" (it is being planned anew), for SITTER_VISIT_TAKEN_AWAY
    because: str = ""


@dataclass(frozen=True)
class VisitNews:
    """One visit of a mail about many changes; `was` is where a moved one stood."""

    client_name: str
    visit: VisitFacts
    was: VisitFacts | None = None


@dataclass(frozen=True)
class SitterChanges:
    """To the sitter: the office changed many visits at once, of several clients."""

    sitter_name: str
    reason: str
    gone: tuple[VisitNews, ...] = ()
    gained: tuple[VisitNews, ...] = ()
    moved: tuple[VisitNews, ...] = ()


@dataclass(frozen=True)
class SitterScheduleEntry:
    """One visit of the evening's schedule mail."""

    client_name: str
    address: str
    visit: VisitFacts


@dataclass(frozen=True)
class KeyToFetch:
    """A key that the sitter still needs for tomorrow: its code, and the place or the person that has it."""

    client_name: str
    reference: str
    place: str
    holder: str = ""


@dataclass(frozen=True)
class SitterSchedule:
    """To the sitter: tomorrow's visits, and today's changes that were not mailed at once."""

    sitter_name: str
    for_date: str
    visits: tuple[SitterScheduleEntry, ...]
    changes: tuple[str, ...] = ()
    #: of visits whose key the sitter does not hold; a code of "" says that none is on record
    keys: tuple[KeyToFetch, ...] = ()


@dataclass(frozen=True)
class DayVisits:
    """One day of one sitter in the master schedule."""

    for_date: str
    visits: tuple[SitterScheduleEntry, ...]


@dataclass(frozen=True)
class SitterDays:
    """One sitter in the master schedule; without a name, the visits that nobody does."""

    name: str
    days: tuple[DayVisits, ...]


@dataclass(frozen=True)
class MasterSchedule:
    """To the office: two weeks of visits by sitter and day."""

    first_on: str
    last_on: str
    n_visits: int
    sitters: tuple[SitterDays, ...] = ()


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
