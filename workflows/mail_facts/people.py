"""What the mails about clients, their data and their log-ins are about."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ClientMessage:
    """To the client: we have your message about your schedule; or the office's answer to it."""

    client_name: str
    account_number: str
    body: str
    answer: str = ""
    staff_name: str = ""


@dataclass(frozen=True)
class LetterFacts:
    """A message between a client and the office, to the other side."""

    client_name: str
    account_number: str
    body: str
    #: who wrote it
    author_name: str
    #: for the office's link to the thread
    client_id: int = 0


@dataclass(frozen=True)
class ClientNews:
    """What one client did in Your Data; changes as label, old and new, secrets masked, yes and no as they are."""

    client_name: str
    account_number: str
    changed: tuple[tuple[str, str | bool, str | bool], ...] = ()
    #: waits for the office's yes
    wanted: tuple[tuple[str, str | bool, str | bool], ...] = ()
    #: names of pets
    added: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataDigest:
    """To the office, once a day: what clients changed about themselves, from morning to morning."""

    first_on: str
    last_on: str
    clients: tuple[ClientNews, ...]


@dataclass(frozen=True)
class DetailsDecided:
    """To the client: which of the details that you wanted changed are changed now; fields by their labels."""

    client_name: str
    account_number: str
    accepted: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    message: str = ""


@dataclass(frozen=True)
class AgreementAccepted:
    """To the client: your copy of what you accepted, as PDF."""

    client_name: str
    account_number: str
    agreement_name: str
    typed_name: str
    on_date: str


@dataclass(frozen=True)
class VaccinationDue:
    """To the client: a vaccination runs out, or has run out."""

    client_name: str
    account_number: str
    pet_name: str
    vaccination: str
    on_date: str
    is_over: bool = False


@dataclass(frozen=True)
class VetDecided:
    """To the client: what became of the practice that they missed in the list."""

    client_name: str
    account_number: str
    proposed_name: str
    #: as it stands in the list; "" when it was not taken
    vet_name: str = ""
    pet_name: str = ""
    message: str = ""


@dataclass(frozen=True)
class SetPassword:
    """To a client or staff member: the one-time link with which the password is set.

    Holds no secret: the link is signed at delivery for this log-in and serial, and dies with either.
    """

    name: str
    realm: str
    login_id: int
    link_serial: int
    #: "invitation" or "forgotten"
    reason: str
    account_number: str = ""


@dataclass(frozen=True)
class SecurityNews:
    """To whoever logs in: something changed about their log-in. Cannot be refused."""

    name: str
    realm: str
    #: "password_changed", "factor_on", "factor_off", "factor_reset", "passkey_added", "passkey_removed",
    #: "tokens_revoked"
    what: str
    #: the passkey's name, or those of the tokens
    detail: str = ""


@dataclass(frozen=True)
class RegistrationLink:
    """To somebody who wants to register: the one-time link, signed at delivery for this registration and serial."""

    registration_id: int
    link_serial: int


@dataclass(frozen=True)
class RegistrationKnown:
    """To somebody who wants to register and is a client already: how to get in."""

    name: str
    account_number: str
    #: False: there is no open log-in, and the mail says whom to ask
    has_login: bool = False
    login_id: int = 0
    link_serial: int = 0


@dataclass(frozen=True)
class RegistrationAnswered:
    """To somebody who registered: they are in, are waited for, or are not taken."""

    name: str
    #: "accepted", "waiting", "declined"
    outcome: str
    account_number: str = ""
    #: the office's word, or the welcome text
    message: str = ""


@dataclass(frozen=True)
class RegistrationTold:
    """To the office: somebody registered."""

    name: str
    email: str
    is_waiting: bool
