"""Clients, their contacts, pets, vets and the staff: adding and changing their records. Log-ins are in `access`."""

import datetime as dt
import re
import secrets
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import phonenumbers
import sqlalchemy as sa
from email_validator import EmailNotValidError, validate_email

from foundation import clock
from foundation.db import db
from models import (
    Client,
    ClientContact,
    ClientStatus,
    Key,
    Pet,
    PetStatus,
    Staff,
    StaffLogin,
    StaffRole,
    Vet,
)
from workflows import client_sitters, credentials, leaving, merged, records, sign_ins
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed, Refusals, WrongState
from workflows.permissions import Permission


def clean_email(value: str | None, *, field: str = "email") -> str | None:
    """The address in lower case, None for blank, or Invalid."""
    text = (value or "").strip()
    if not text:
        return None
    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError as problem:
        raise Invalid(
            "bad_email", N_("Enter a full mail address, for example hannah@example.com."), field=field
        ) from problem


#: of a number that is possible in no country
LEAST_DIGITS = 5


def clean_phone(value: str | None, *, region: str = "US", field: str = "phone") -> str | None:
    """The number in E.164 where it can be understood, None for blank; Invalid when it holds no number, or too short a one.

    What is possible nowhere is kept as it was typed, if it has five digits: people know their own short numbers.
    """
    text = (value or "").strip()
    if not text:
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as problem:
        raise _no_phone(region, field) from problem
    if phonenumbers.is_possible_number(number):
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if sum(c.isdigit() for c in text) < LEAST_DIGITS:
        raise _no_phone(region, field)
    # As it will be shown, so that what comes back from a form is no change.
    return show_phone(re.sub(r"[^\d+() .-]", "", text)[:40], region=region) or None


def _no_phone(region: str, field: str) -> Invalid:
    """The refusal, with a number as people of the region write it: what another country's would look like is refused too."""
    shape, number = phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.example_number(region)
    example = phonenumbers.format_number(number, shape) if number else "+1 201 555 0123"
    return Invalid("bad_phone", N_("Enter a full number, for example %(number)s."), field=field, number=example)


# The library takes 80 microseconds for a number, and lists say the same ones again and again.
@lru_cache(maxsize=4096)
def show_phone(value: str | None, *, region: str = "US") -> str:
    """A stored number as people of the region write it."""
    return _phone_words(value, region) if value else ""


@lru_cache(maxsize=4096)
def _phone_words(value: str, region: str) -> str:
    """The library reads a number in a tenth of a millisecond; a sitter's day has twenty."""
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return value
    home = number.country_code == phonenumbers.country_code_for_region(region)
    shape = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, shape)


def region() -> str:
    """The business's country for phone numbers, from its language and format setting ("en_GB" gives GB)."""
    from workflows import settings

    return str(settings.read()["business.locale"]).split("_")[-1]


def _contact_data(values: Mapping[str, Any], refusals: Refusals, *, name: str) -> dict[str, Any]:
    """The values tidied, and whatever is wrong with the name (a field), the address and the number in `refusals`."""
    cleaned = records.tidy(values)
    with refusals:
        records.require_text(cleaned, [name], _NAME)
    if "email" in cleaned:
        with refusals:
            cleaned["email"] = clean_email(cleaned["email"])
    if "phone" in cleaned:
        with refusals:
            cleaned["phone"] = clean_phone(cleaned["phone"], region=region())
    return cleaned


def new_account_number() -> str:
    """Ten random digits that no client has; the first is never 0."""
    while True:
        number = str(secrets.randbelow(9_000_000_000) + 1_000_000_000)
        if not db.session.scalar(sa.select(Client.id).where(Client.account_number == number)):
            return number


# --------------------------------------------------------------------------------------------------------- clients

_NAME = N_("Fill in a name.")


def add_client(values: Mapping[str, Any], *, actor: Actor) -> Client:
    """Add a client with a fresh account number; logged. Invalid without a name or with a bad address."""
    actor.require(Permission.CLIENTS)
    client = Client(account_number=new_account_number(), **checked_client(values))
    records.add(client, actor=actor)
    return client


def checked_client(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a new client as they are kept; refused as `add_client` says."""
    refusals = Refusals()
    cleaned = _contact_data({"first_name": "", **values}, refusals, name="first_name")
    with refusals:
        _check_sitter(cleaned.get("primary_sitter"))
    refusals.say()
    return cleaned


def change_client(client: Client, values: Mapping[str, Any], *, actor: Actor) -> dict[str, list[Any]]:
    """Change a client's record; logged old to new. Archiving or closing the portal ends the household's sign-ins.

    Visits ahead of a client who is archived by it stand on HOME (`leaving.flag`).
    """
    actor.require(Permission.CLIENTS)
    if client.erased_at is not None:
        raise WrongState("erased", N_("The data of this client were erased; the record stays as it is."))
    if client.status is ClientStatus.ARCHIVED:
        merged.require_whole(client)
    cleaned = checked_change(client, values)
    changed = records.change(client, cleaned, actor=actor)
    if not client.portal_enabled or client.status is ClientStatus.ARCHIVED:
        sign_ins.end_of_client(client)
    if "status" in changed and client.status is ClientStatus.ARCHIVED:
        leaving.flag(client)
    return changed


def checked_change(client: Client, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a client's change as they are kept; refused as `change_client` says, all at once."""
    refusals = Refusals()
    cleaned = _contact_data(values, refusals, name="first_name")
    if cleaned.get("primary_sitter") is not client.primary_sitter:
        with refusals:
            _check_sitter(cleaned.get("primary_sitter"))
            _check_wanted(client, cleaned.get("primary_sitter"))
    refusals.say()
    return cleaned


def _check_sitter(sitter: Staff | None) -> None:
    if sitter is not None and not (sitter.is_sitter and sitter.is_active):
        raise Invalid("not_a_sitter", N_("%(name)s cannot be given visits."), field="primary_sitter", name=str(sitter))


def _check_wanted(client: Client, sitter: Staff | None) -> None:
    try:
        client_sitters.check(client, sitter)
    except Invalid as problem:
        problem.field = "primary_sitter"
        raise


def remove_client(client: Client, *, actor: Actor) -> None:
    """Delete a client that has nothing yet; one with pets, requests, visits or keys is archived instead (Invalid says so)."""
    actor.require(Permission.CLIENTS)
    if db.session.scalar(sa.select(Key.id).where(Key.client_id == client.id).limit(1)):
        raise records.still_used(client)
    records.remove(client, actor=actor)


def save_contact(contact: ClientContact, values: Mapping[str, Any], *, actor: Actor) -> ClientContact:
    """Add or change one of a client's contacts; logged in the client's log. A contact for copies needs an address.

    The client may do it too, with own ones (`own_contacts`).
    """
    _require_contact(contact.client or values.get("client"), actor)
    cleaned = checked_contact(values, contact)
    if contact.id is None:
        for field, value in cleaned.items():
            setattr(contact, field, value)
        records.add(contact, actor=actor, client=contact.client)
    else:
        records.change(contact, cleaned, actor=actor, client=contact.client)
    return contact


def checked_contact(values: Mapping[str, Any], contact: ClientContact) -> dict[str, Any]:
    """The values of a new or changed contact as they are kept; refused as `save_contact` says."""
    refusals = Refusals()
    cleaned = _contact_data(values, refusals, name="name")
    with refusals:
        if cleaned.get("receives_copies", contact.receives_copies) and not cleaned.get("email", contact.email):
            raise Invalid("copies_need_email", N_("Copies need a mail address."), field="email")
    refusals.say()
    return cleaned


def _require_contact(client: Client | None, actor: Actor) -> None:
    if actor.client is None or client is None or actor.client.id != client.id:
        actor.require(Permission.CLIENTS)


def remove_contact(contact: ClientContact, *, actor: Actor) -> None:
    """Delete a contact; logged in the client's log. The client may do it too, with own ones."""
    _require_contact(contact.client, actor)
    records.remove(contact, actor=actor, client=contact.client)


# ---------------------------------------------------------------------------------------------------- pets and vets


def add_pet(values: Mapping[str, Any], *, actor: Actor) -> Pet:
    """Add a pet to a client; logged in the client's log."""
    actor.require(Permission.CLIENTS)
    cleaned = records.tidy(values)
    check_pet(cleaned)
    pet = Pet(**cleaned)
    records.add(pet, actor=actor, client=cleaned["client"])
    return pet


def change_pet(pet: Pet, values: Mapping[str, Any], *, actor: Actor) -> dict[str, list[Any]]:
    """Change a pet; logged in the client's log. A pet keeps its client. Of one that leaves, visits ahead stand on HOME."""
    actor.require(Permission.CLIENTS)
    cleaned = records.tidy(values)
    check_pet(cleaned)
    _require_whole(pet)
    kept = {k: v for k, v in cleaned.items() if k != "client"}
    changed = records.change(pet, kept, actor=actor, client=pet.client)
    _flag_if_left(pet, changed)
    return changed


def _require_whole(pet: Pet) -> None:
    if pet.status is PetStatus.INACTIVE:
        merged.require_whole(pet)


def _flag_if_left(pet: Pet, changed: Mapping[str, Any]) -> None:
    if "status" in changed and pet.status is not PetStatus.ACTIVE:
        leaving.flag(pet.client, pet)


def check_pet(values: Mapping[str, Any]) -> None:
    """Refuse with Invalid, naming the field: a pet without a name, or born in the future or before any pet alive."""
    refusals = Refusals()
    with refusals:
        records.require_text(values, ["name"], _NAME)
    born = values.get("born_on")
    with refusals:
        if isinstance(born, dt.date) and not clock.today() - dt.timedelta(days=120 * 366) <= born <= clock.today():
            raise Invalid("bad_birthday", N_("Enter a birthday in the past."), field="born_on")
    refusals.say()


def remove_pet(pet: Pet, *, actor: Actor) -> None:
    """Delete a pet that was never in a request or visit; others are marked inactive (Invalid says so)."""
    actor.require(Permission.CLIENTS)
    records.remove(pet, actor=actor, client=pet.client)


def set_pet_status(pet: Pet, status: PetStatus, *, actor: Actor) -> None:
    """Mark a pet as with us, away, or no longer with us; logged. Of one that leaves, visits ahead stand on HOME."""
    actor.require(Permission.CLIENTS)
    _require_whole(pet)
    _flag_if_left(pet, records.change(pet, {"status": status}, actor=actor, client=pet.client))


def save_vet(vet: Vet, values: Mapping[str, Any], *, actor: Actor) -> Vet:
    """Add or change a practice of the shared list; logged."""
    actor.require(Permission.CLIENTS)
    cleaned = checked_vet(values)
    if vet.id is None:
        for field, value in cleaned.items():
            setattr(vet, field, value)
        records.add(vet, actor=actor)
    else:
        if not vet.is_active:
            merged.require_whole(vet)
        records.change(vet, cleaned, actor=actor)
    return vet


def checked_vet(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a practice as they are kept."""
    refusals = Refusals()
    cleaned = _contact_data(values, refusals, name="name")
    refusals.say()
    return cleaned


def remove_vet(vet: Vet, *, actor: Actor) -> None:
    """Delete a practice that no pet goes to; others are made inactive (Invalid says so)."""
    actor.require(Permission.CLIENTS)
    if db.session.scalar(sa.select(Pet.id).where(Pet.vet_id == vet.id).limit(1)):
        raise records.still_used(vet)
    records.remove(vet, actor=actor)


# ------------------------------------------------------------------------------------------------------------ staff


def add_staff(values: Mapping[str, Any], *, actor: Actor) -> Staff:
    """Add a staff member; logged. A log-in is made by `invitations.invite_staff`."""
    actor.require(Permission.STAFF)
    cleaned = checked_staff(values)
    check_owners_alone(cleaned.get("role"), actor=actor)
    staff = Staff(**cleaned)
    records.add(staff, actor=actor)
    return staff


def change_staff(staff: Staff, values: Mapping[str, Any], *, actor: Actor) -> dict[str, list[Any]]:
    """Change a staff member; logged. Deactivating or changing the role ends their sign-ins at once.

    Tokens, passkeys, calendar address and links end for good with the account: who comes back makes new ones.

    Refused with Invalid: the business would be left without an active owner who can log in.
    """
    actor.require(Permission.STAFF)
    cleaned = checked_staff(values)
    check_owners_alone(staff.role, cleaned.get("role"), actor=actor)
    was_owner = staff.role is StaffRole.OWNER and staff.is_active
    stays_owner = cleaned.get("role", staff.role) is StaffRole.OWNER and cleaned.get("is_active", staff.is_active)
    if was_owner and not stays_owner and not _other_owner(staff):
        raise Invalid("last_owner", N_("The business needs at least one active owner."), field="role")
    changed = records.change(staff, cleaned, actor=actor)
    if {"role", "is_active"} & set(changed):
        sign_ins.end_of_staff(staff)
    if "is_active" in changed:  # also on the way back: accounts that were closed before this was so
        credentials.end_of_staff(staff, actor=actor)
    return changed


def checked_staff(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a member of staff as they are kept; Invalid without a name or with a bad address or number."""
    refusals = Refusals()
    cleaned = _contact_data(values, refusals, name="first_name")
    refusals.say()
    return cleaned


def check_owners_alone(*roles: StaffRole | None, actor: Actor) -> None:
    """Whoever was given the team may not make owners of themselves, nor touch owners."""
    is_owner = actor.staff is None or actor.staff.role is StaffRole.OWNER
    if StaffRole.OWNER in roles and not is_owner:
        raise NotAllowed("owners_only", N_("Only owners can make somebody an owner, or change one."))


def _other_owner(staff: Staff) -> bool:
    """Is there another owner who can log in? The owners' rows stay locked: two cannot send each other away."""
    owners = db.session.scalars(
        sa.select(Staff.id)
        .where(Staff.role == StaffRole.OWNER, Staff.is_active)
        .where(Staff.login.has(sa.and_(StaffLogin.is_active, StaffLogin.password_hash.is_not(None))))
        .order_by(Staff.id)
        .with_for_update()
    )
    return bool(set(owners) - {staff.id})


def remove_staff(staff: Staff, *, actor: Actor) -> None:
    """Delete a staff member who never had a visit; others are deactivated (Invalid says so). Nobody deletes themselves."""
    actor.require(Permission.STAFF)
    check_owners_alone(staff.role, actor=actor)
    if staff.role is StaffRole.OWNER and not _other_owner(staff):
        raise Invalid("last_owner", N_("The business needs at least one active owner."))
    if actor.staff is not None and actor.staff.id == staff.id:
        raise Invalid("own_account", N_("You cannot delete your own account. Another owner can."))
    with db.session.begin_nested():
        if staff.login is not None:
            sign_ins.end_of_staff(staff)
            db.session.delete(staff.login)
        records.remove(staff, actor=actor)
