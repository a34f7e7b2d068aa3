"""What the mails about visits are about: cancelled, moved, changed, and the report cards."""

from dataclasses import dataclass


@dataclass(frozen=True)
class VisitFacts:
    """One visit or requested visit, as a mail lists it."""

    service: str
    on_date: str
    #: ISO time, "" where the item asks for none
    start_time: str = ""
    #: "Morning 07:00-10:00", "" without a block
    block: str = ""
    #: last day of a stay, "" for the same day
    ends_on: str = ""
    end_time: str = ""
    duration_minutes: int = 0
    pets: tuple[str, ...] = ()
    note: str = ""
    #: first name, "" when unknown or not to be shown
    sitter: str = ""
    #: "" where prices are not shown
    price: str = ""
    #: what calling it off costs, "" for nothing
    fee: str = ""


@dataclass(frozen=True)
class VisitCancelled:
    """To the client: the office cancelled these visits."""

    client_name: str
    account_number: str
    visits: tuple[VisitFacts, ...]
    reason: str = ""
    #: the fees of all of them, "" when nothing is to be said about it
    fee: str = ""


@dataclass(frozen=True)
class VisitMoved:
    """To the client: the office moved these visits to another day or time."""

    client_name: str
    account_number: str
    visits: tuple[VisitFacts, ...]
    #: the same visits as they stood before, in the same order
    before: tuple[VisitFacts, ...]
    reason: str = ""


@dataclass(frozen=True)
class SeriesFacts:
    """A repeating service, as a mail says it."""

    service: str
    #: (weekday, ISO time or "", block or "") of each visit of a week; 0 is Monday
    times: tuple[tuple[int, str, str], ...]
    pets: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class ChangedVisit:
    """One visit (or series) of a change or cancellation request."""

    #: as it was when the client asked
    visit: VisitFacts
    #: as the client wants it, for a change
    wanted: VisitFacts | None = None
    #: what calling it off (or moving it) costs, "" for nothing
    fee: str = ""
    #: why the office took another fee than the policy's
    fee_reason: str = ""
    #: "pending", "approved", "denied", "withdrawn", "expired", "superseded"
    state: str = "pending"
    #: the office's word about this one
    note: str = ""
    #: the days of a pause, the last day of a series that ends, or the first day of a series' new pattern
    first_on: str = ""
    last_on: str = ""
    #: for "this and all following": the series as it was, and as the client wants it from `first_on` on
    series: SeriesFacts | None = None
    series_wanted: SeriesFacts | None = None


@dataclass(frozen=True)
class ChangeAsked:
    """To the client: we have your change or cancellation request, it is being reviewed (or done at once)."""

    client_name: str
    account_number: str
    #: "cancel", "change", "pause", "end"
    kind: str
    items: tuple[ChangedVisit, ...]
    #: the client's reason or own words
    reason: str = ""
    #: "" when it costs nothing
    total_fee: str = ""


@dataclass(frozen=True)
class ChangeDecided:
    """To the client: the office has decided about all that was asked; "all", "some" or "none" was approved."""

    client_name: str
    account_number: str
    kind: str
    outcome: str
    items: tuple[ChangedVisit, ...]
    message: str = ""


@dataclass(frozen=True)
class ChangeEnded:
    """To the client: a request ended without a decision: "withdrawn", "superseded" or "expired"."""

    client_name: str
    account_number: str
    kind: str
    items: tuple[ChangedVisit, ...]
    why: str


@dataclass(frozen=True)
class ReportCardFacts:
    """To the client: what the sitter tells of a visit."""

    client_name: str
    account_number: str
    visit: VisitFacts
    #: its public id, for the link
    card: str
    message: str
    #: label and words of what is filled in
    answers: tuple[tuple[str, str], ...] = ()
    n_photos: int = 0
    #: photos that go along, for clients who have no portal
    n_along: int = 0
    in_portal: bool = True
    #: the office put something right
    is_corrected: bool = False
    #: first name, "" when not to be shown
    sitter: str = ""


@dataclass(frozen=True)
class ReportThanked:
    """To the sitter: a client said thanks for a report card."""

    staff_name: str
    client_name: str
    visit: VisitFacts
    message: str
    #: the visit's public id
    visit_id: str


@dataclass(frozen=True)
class AlertFacts:
    """A warning about a visit: `kind` of AlertKind, and by how much."""

    kind: str
    client_name: str
    #: "" when nobody is on it
    sitter_name: str
    visit: VisitFacts
    minutes: int = 0
    metres: int = 0


@dataclass(frozen=True)
class VisitAlerts:
    """To the office: what is wrong with visits right now."""

    alerts: tuple[AlertFacts, ...]
