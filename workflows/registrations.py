"""New clients who come by themselves: address, verification link, names and password, then perhaps the office's yes.

Whoever asks gets the same answer in the same time whether or not the address is known; what differs is the mail.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from sqlalchemy.orm import joinedload

from foundation import clock
from foundation.db import db
from foundation.text import tidy
from models import (
    REGISTRATION_MOVES,
    Agreement,
    AgreementVersion,
    Client,
    ClientLogin,
    ClientStatus,
    LoginAttempt,
    NotificationKind,
    Realm,
    Registration,
    RegistrationState,
    Staff,
    StaffRole,
)
from workflows import access, activity, agreements, notifications, outbox, passwords, settings, sign_ins, tries
from workflows.actors import Actor, client_actor
from workflows.agreements import Shown
from workflows.errors import N_, Conflict, Invalid, NotAllowed, Refusals, WrongState
from workflows.mail_facts import (
    MailKind,
    RegistrationAnswered,
    RegistrationKnown,
    RegistrationLink,
    RegistrationTold,
)
from workflows.people import clean_email, new_account_number
from workflows.permissions import Permission
from workflows.sign_ins import Browser, Opened

LINK_LIFETIME = dt.timedelta(hours=24)
#: links mailed to an address in an hour
MAIL_TRIES = 3
#: registrations that nobody finished, or that were declined, are forgotten after this
KEEP = dt.timedelta(days=30)


@dataclass(frozen=True)
class Person:
    """What somebody who registers says of themselves."""

    first_name: str
    last_name: str
    password: str
    repeated: str
    #: the terms as they stood on the screen, ticked
    accepted: tuple[Shown, ...] = ()


def mode() -> str:
    """`off`, `approval` or `open`."""
    return str(settings.read()["portal.registration"])


def is_open() -> bool:
    """May new clients register at all?"""
    return mode() != "off"


def terms() -> list[AgreementVersion]:
    """What a new client agrees to while registering, in the office's order, also where the office decides first."""
    newest = sa.select(sa.func.max(AgreementVersion.number)).where(AgreementVersion.agreement_id == Agreement.id)
    return list(
        db.session.scalars(
            sa.select(AgreementVersion)
            .join(Agreement, AgreementVersion.agreement_id == Agreement.id)
            .where(
                Agreement.is_active, Agreement.for_all, Agreement.at_registration,
                AgreementVersion.number == newest.correlate(Agreement).scalar_subquery(),
            )
            .options(joinedload(AgreementVersion.agreement))
            .order_by(Agreement.position, Agreement.id)
        )
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- the link


def ask(email: str, *, address: str) -> None:
    """Mail a one-time link to whoever wants to register; a client who is known already is told how to log in.

    The answer is the same in every case. At most three mails an address in an hour; TooManyTries after twenty from
    one place. Refused: switched off (NotAllowed), no address (Invalid).
    """
    _require_on()
    wanted = clean_email(email)
    if not wanted:
        raise Invalid("no_email", N_("Enter a full mail address, for example hannah@example.com."), field="email")
    key, asked = tries.account_key(Realm.CLIENT, wanted), LoginAttempt.purpose == "register"
    tries.check(tries.ADDRESS_TRIES, tries.ADDRESS_WINDOW, asked, LoginAttempt.address == address[:64])
    since = clock.now() - tries.ADDRESS_WINDOW
    n_asked = db.session.scalar(
        sa.select(sa.func.count(LoginAttempt.id)).where(asked, LoginAttempt.account_key == key, LoginAttempt.at > since)
    )
    tries.note(Realm.CLIENT, "register", key, address, succeeded=True)
    if (n_asked or 0) < MAIL_TRIES:
        known = _known(wanted)
        if known is not None:
            _tell_known(known, wanted)
        else:
            _mail_link(wanted, address)
    db.session.flush()


def _known(email: str) -> Client | None:
    """The client with this address, as contact or as log-in; of several the one whose portal is open."""
    by_login = sa.select(ClientLogin.client_id).where(ClientLogin.email == email)
    return db.session.scalar(
        sa.select(Client)
        .where(sa.or_(Client.email == email, Client.id.in_(by_login)))
        .order_by(
            Client.portal_enabled.desc(), sa.case((Client.status == ClientStatus.ARCHIVED, 1), else_=0), Client.id
        )
        .limit(1)
    )


def _tell_known(client: Client, email: str) -> None:
    login = db.session.scalar(
        sa.select(ClientLogin).where(ClientLogin.client_id == client.id, ClientLogin.email == email)
    )
    if login is not None and sign_ins.why_closed(login) is None:
        login.link_serial += 1
        facts = RegistrationKnown(
            client.first_name, client.account_number, has_login=True, login_id=login.id, link_serial=login.link_serial
        )
    else:
        facts = RegistrationKnown(client.first_name, client.account_number)
    outbox.queue_mail(MailKind.REGISTRATION_KNOWN, facts, to=email, client=client)


def _mail_link(email: str, address: str) -> None:
    found = db.session.scalar(
        sa.select(Registration)
        .where(Registration.email == email, Registration.state == RegistrationState.MAILED)
        .order_by(Registration.id)
        .limit(1)
    )
    if found is None:
        found = Registration(email=email, address=address[:64], link_serial=0)
        db.session.add(found)
    found.link_serial += 1
    db.session.flush()
    outbox.queue_mail(MailKind.REGISTRATION_LINK, RegistrationLink(found.id, found.link_serial), to=email)


def _signer(secret_key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_key, salt="latchkey-register", signer_kwargs={"digest_method": hashlib.sha256})


def sign_link(secret_key: str, facts: RegistrationLink) -> str:
    """The token of a link, made at delivery from what was queued."""
    return _signer(secret_key).dumps([facts.registration_id, facts.link_serial])


def read_link(secret_key: str, token: str) -> tuple[Registration, int]:
    """The registration that a link is for, and the link's serial.

    Invalid when it was used, replaced, altered or is older than a day; NotAllowed when registering is switched off.
    """
    _require_on()
    try:
        registration_id, serial = _signer(secret_key).loads(token, max_age=int(LINK_LIFETIME.total_seconds()))
    except (BadSignature, SignatureExpired, ValueError, TypeError) as problem:
        raise _dead() from problem
    found = db.session.get(Registration, registration_id)
    if found is None or found.link_serial != serial or found.state is not RegistrationState.MAILED:
        raise _dead()
    return found, serial


def _dead() -> Invalid:
    return Invalid("link_dead", N_("This link has been used or is too old. Ask for a new one."))


def _require_on() -> None:
    if not is_open():
        raise NotAllowed("registration_off", N_("Registering is switched off."))


# -------------------------------------------------------------------------------------------------------- registering


def check(registration: Registration, person: Person) -> None:
    """Refuse with Invalid, all at once: no name, a poor password, two that differ, terms that are not ticked or changed
    meanwhile.
    """
    refusals = Refusals()
    first, last = _names(person)
    for field, text in (("first_name", first), ("last_name", last)):
        with refusals:
            if not text:
                raise Invalid("required", N_("Fill in a name."), field=field)
    with refusals:
        around = [first, last, first + last, registration.email, registration.email.partition("@")[0]]
        access.check_password(person.password, person.repeated, words=[*passwords.words_of(None), *around])
    with refusals:
        if set(_shown()) - set(person.accepted):
            raise Invalid("terms", N_("Read the terms and tick that you accept them."), field="terms")
    refusals.say()


def _names(person: Person) -> tuple[str, str]:
    return tidy(person.first_name)[:120], tidy(person.last_name)[:120]


def _shown() -> list[Shown]:
    """The terms as they stand now."""
    return [Shown(v.public_id, v.text_hash) for v in terms()]


def register(registration: Registration, person: Person, *, serial: int, browser: Browser) -> Opened | None:
    """Finish with names, a password and the terms: the client exists and is signed in, or (None) waits for the office's yes.

    Where it waits, what was accepted waits with it. The office is told on HOME and by mail, the person by mail; logged.
    Of two at the same moment, for one link or one address, the second is refused with Conflict. Invalid as `check`.
    """
    _require_on()
    check(registration, person)
    first, last = _names(person)
    shown = _shown()
    _take_turns(registration.email)
    db.session.refresh(registration)
    if registration.link_serial != serial or registration.state is not RegistrationState.MAILED:
        raise Conflict("link_dead", N_("This link has been used or is too old. Ask for a new one."))
    if _known(registration.email) is not None or _is_waiting(registration.email):
        raise Conflict("known", N_("There is an account for this address already. Log in, or ask for a new password."))
    registration.first_name, registration.last_name = first, last
    registration.password_hash = access.hash_password(person.password)
    registration.verified_at, registration.link_serial = clock.now(), serial + 1
    if mode() == "approval":
        registration.terms = [_given(one, _full_name(registration), browser) for one in shown]
        _move(registration, RegistrationState.WAITING)
        notifications.notify_office(
            NotificationKind.REGISTRATION_WAITING, about=[f"{first} {last}"], url="/admin/registrations/"
        )
        _tell_office(registration, is_waiting=True)
        _answer(registration, "waiting")
        db.session.flush()
        return None
    login = _make_client(registration, ClientStatus.PROSPECT)
    actor = client_actor(login.client, login)
    if shown:
        agreements.accept(login.client, shown, _full_name(registration), address=browser.address, actor=actor)
    activity.record("registration.finished", actor=actor, subject=registration, client=login.client, email=registration.email)  # fmt: skip
    notifications.notify_office(NotificationKind.CLIENT_REGISTERED, client=login.client)
    _tell_office(registration, is_waiting=False)
    _answer(registration, "accepted", message=str(settings.read()["portal.welcome_text"] or ""))
    opened = sign_ins.begin(login, browser)
    db.session.flush()
    return opened


def _full_name(registration: Registration) -> str:
    """Their name as it stands under what they accept."""
    return f"{registration.first_name} {registration.last_name}"[: agreements.NAME_MOST]


def _given(shown: Shown, name: str, browser: Browser) -> dict[str, str]:
    """A yes as it waits with the registration."""
    return {
        "version": shown.version_id, "text_hash": shown.text_hash, "typed_name": name,
        "address": browser.address, "at": clock.now().isoformat(),
    }  # fmt: skip


def _take_turns(email: str) -> None:
    """Hold all registrations of the address until the commit."""
    db.session.execute(
        sa.select(Registration.id).where(Registration.email == email).order_by(Registration.id).with_for_update()
    )


def _is_waiting(email: str) -> bool:
    waiting = sa.select(Registration.id).where(
        Registration.email == email, Registration.state == RegistrationState.WAITING
    )
    return db.session.scalar(waiting.limit(1)) is not None


def _make_client(registration: Registration, status: ClientStatus) -> ClientLogin:
    client = Client(
        account_number=new_account_number(), first_name=registration.first_name, last_name=registration.last_name,
        email=registration.email, status=status,
    )  # fmt: skip
    login = ClientLogin(client=client, email=registration.email, password_hash=registration.password_hash)
    db.session.add_all([client, login])
    db.session.flush()
    registration.client, registration.password_hash = client, None
    registration.decided_at = clock.now()
    _move(registration, RegistrationState.ACCEPTED)
    return login


def _move(registration: Registration, to: RegistrationState) -> None:
    if to not in REGISTRATION_MOVES[registration.state]:
        raise WrongState("registration_state", N_("This registration has been decided already."))
    registration.state = to


# ---------------------------------------------------------------------------------------------------- the office's yes


def waiting() -> Sequence[Registration]:
    """Who waits for the office, the longest first."""
    return db.session.scalars(
        sa.select(Registration).where(Registration.state == RegistrationState.WAITING).order_by(Registration.id).limit(200)
    ).all()  # fmt: skip


def accept(registration: Registration, *, actor: Actor, message: str = "") -> Client:
    """Say yes: the client exists with the log-in they chose and what they accepted, and is told by mail; logged.

    WrongState when it was decided meanwhile; Conflict when a client with this address was added meanwhile.
    """
    actor.require(Permission.CLIENTS)
    _take_turns(registration.email)
    db.session.refresh(registration)
    if registration.state is RegistrationState.WAITING and _known(registration.email) is not None:
        raise Conflict("known", N_("A client with this address was added meanwhile. Decline this one, and invite that client."))  # fmt: skip
    if registration.state is not RegistrationState.WAITING:
        raise WrongState("registration_state", N_("This registration has been decided already."))
    login = _make_client(registration, ClientStatus.ACTIVE)
    given = [
        agreements.Given(
            one["version"], one["text_hash"], one["typed_name"], one["address"], dt.datetime.fromisoformat(one["at"])
        )
        for one in registration.terms or ()
    ]
    agreements.take_over(login, given, actor=client_actor(login.client, login))
    registration.terms = None
    registration.decided_by, registration.answer = actor.staff, tidy(message)[:255]
    welcome = "\n\n".join(x for x in (registration.answer, str(settings.read()["portal.welcome_text"] or "")) if x)
    _answer(registration, "accepted", message=welcome)
    activity.record("registration.accepted", actor=actor, subject=registration, client=login.client, email=registration.email)  # fmt: skip
    db.session.flush()
    return login.client


def decline(registration: Registration, *, actor: Actor, message: str) -> Registration:
    """Say no, with a word that the person gets by mail; what they typed as password is forgotten; logged.

    Invalid without a word; WrongState when it was decided meanwhile.
    """
    actor.require(Permission.CLIENTS)
    text = tidy(message)[:255]
    if not text:
        raise Invalid("required", N_("Write a word to them."), field="message")
    _take_turns(registration.email)
    db.session.refresh(registration)
    if registration.state is not RegistrationState.WAITING:
        raise WrongState("registration_state", N_("This registration has been decided already."))
    _move(registration, RegistrationState.DECLINED)
    registration.decided_at, registration.decided_by = clock.now(), actor.staff
    registration.answer, registration.password_hash, registration.terms = text, None, None
    _answer(registration, "declined", message=text)
    activity.record("registration.declined", actor=actor, subject=registration, email=registration.email)
    db.session.flush()
    return registration


def forget_old() -> int:
    """Drop registrations that nobody finished in thirty days, and those that were declined that long ago; how many.

    The nightly task calls it.
    """
    since = clock.now() - KEEP
    left = sa.and_(Registration.state == RegistrationState.MAILED, Registration.created_at < since)
    declined = sa.and_(Registration.state == RegistrationState.DECLINED, Registration.decided_at < since)
    result: Any = db.session.execute(sa.delete(Registration).where(sa.or_(left, declined)))
    return int(result.rowcount)


def _answer(registration: Registration, outcome: str, *, message: str = "") -> None:
    number = registration.client.account_number if registration.client else ""
    facts = RegistrationAnswered(registration.first_name, outcome, number, message)
    outbox.queue_mail(MailKind.REGISTRATION_ANSWERED, facts, to=registration.email, client=registration.client)


def _tell_office(registration: Registration, *, is_waiting: bool) -> None:
    """To the admin inbox, or else to the owners."""
    name = f"{registration.first_name} {registration.last_name}"
    facts = RegistrationTold(name, registration.email, is_waiting)
    inbox = settings.read()["business.admin_inbox"]
    owners = [] if inbox else db.session.scalars(
        sa.select(Staff.email).where(Staff.role == StaffRole.OWNER, Staff.is_active, Staff.email.is_not(None)).order_by(Staff.id)
    ).all()  # fmt: skip
    to, *others = [str(inbox)] if inbox else [str(o) for o in owners] or [""]
    outbox.queue_mail(MailKind.REGISTRATION_TOLD, facts, to=to, cc=others)
