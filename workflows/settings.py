"""Business settings: the registry of everything the owner can set, and reading and changing the values.

A setting is one entry here; `settings_ui` makes its page from it. A missing row means the default, an unknown key is
a bug and raises. Deployment config (secrets, addresses of servers) is not here but in `application.config`.
"""

import datetime as dt
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import sqlalchemy as sa
from babel import Locale
from babel.numbers import get_currency_precision, get_territory_currencies
from email_validator import EmailNotValidError, validate_email

from foundation import clock, money
from foundation.db import db
from foundation.text import tidy
from models import LimitKind, ServiceItem, Setting
from workflows import (
    activity,
    locks,
    setting_checks,
    settings_backups,
    settings_billing,
    settings_connections,
    settings_money,
    settings_reminders,
    settings_stored,
    settings_visits,
)
from workflows.actors import Actor
from workflows.errors import N_, Invalid, Refusals
from workflows.permissions import Permission
from workflows.setting_kinds import Entry, Group, Kind

#: what an entry is made of comes with it
__all__ = ["REGISTRY", "Entry", "Group", "Kind", "Values", "change", "clean", "forget", "read", "when_changed"]


def _email(value: str) -> None:
    try:
        validate_email(value, check_deliverability=False)
    except EmailNotValidError as problem:
        raise Invalid("bad_email", N_("Enter a full mail address, for example office@example.com.")) from problem


def _web_address(value: str) -> None:
    try:
        parts = urlsplit(value)
        fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"[\s\\]", value)
    except ValueError:  # a bracket that is not closed
        fine = False
    if not fine:
        raise Invalid("bad_url", N_("Enter a full web address that begins with https://."))


def _currency(value: str) -> None:
    """Amounts are kept in minor units: a currency with other decimals would change what they mean."""
    if get_currency_precision(value) != money.exponent() and db.session.scalar(sa.select(ServiceItem.id).limit(1)):
        raise Invalid(
            "currency_decimals",
            N_(
                "Prices exist already, and %(currency)s has another number of decimals. Choose a currency that has the same."
            ),
            currency=value,
        )


@cache
def _zones() -> Sequence[tuple[str, str]]:
    """Found once: `available_timezones` walks through some hundred files."""
    return tuple((z, z.replace("_", " ")) for z in sorted(available_timezones()) if "/" in z or z == "UTC")


def _currencies() -> Sequence[tuple[str, str]]:
    """Currencies that some country uses today, with their names in the business's language."""
    return _currencies_in(read()["business.locale"])


@cache
def _currencies_in(language: str) -> Sequence[tuple[str, str]]:
    words = Locale.parse(language)
    countries = [str(t) for t in words.territories if len(str(t)) == 2 and str(t).isalpha()]
    in_use = {str(code) for country in countries for code in get_territory_currencies(country)}
    return tuple((code, f"{code} - {words.currencies.get(code, code)}") for code in sorted(in_use))


LOCALES = ("en_US", "en_GB", "en_CA", "en_AU", "en_NZ", "en_IE", "de_DE", "fr_FR", "es_ES", "nl_NL")


@cache
def _locales() -> Sequence[tuple[str, str]]:
    """Each in its own language: who looks for theirs may not read the one that is set."""
    return tuple((code, Locale.parse(code).get_display_name() or code) for code in LOCALES)


CHANGE_MODES = {
    "off": N_("Off"),
    "message": N_("Client sends a general message"),
    "visits": N_("Client makes request against specific visits"),
}

MASTER_SCHEDULE_DAYS = {
    "off": N_("Off"), "0": N_("Every Monday"), "1": N_("Every Tuesday"), "2": N_("Every Wednesday"),
    "3": N_("Every Thursday"), "4": N_("Every Friday"), "5": N_("Every Saturday"), "6": N_("Every Sunday"),
}  # fmt: skip

REGISTRATION_MODES = {"off": N_("Off"), "approval": N_("With approval"), "open": N_("Open")}

FACTOR_MODES = {"off": N_("Off"), "optional": N_("Optional"), "required": N_("Required")}

LIMIT_LABELS = {
    LimitKind.NONE: N_("No limit"),
    LimitKind.HOURS: N_("At least N hours before the start"),
    LimitKind.DAYS: N_("At least N days before the date"),
    LimitKind.TODAY_AFTER: N_("Not for today after a time"),
    LimitKind.TOMORROW_AFTER: N_("Not for tomorrow (or today) after a time"),
}

DIGESTS = {"off": N_("Off"), "daily": N_("Once a day")}

GROUPS = (
    Group("profile", "business", N_("Business profile"), N_("What clients see of your business, in the portal and in mails.")),
    Group("place", "business", N_("Place and money"), N_("Your time zone, currency and language.")),
    Group("mail", "business", N_("Mail"), N_("Where the office's copies go, and when sitters are told.")),
    Group("schedule", "business", N_("Schedule"), N_("How visits are grouped, repeated and kept.")),
    Group("requests", "portal", N_("Requesting services"), N_("Who may ask for visits, and how late.")),
    Group("changes", "portal", N_("Changing and cancelling"), N_("What clients may do with visits that are in the schedule, and how late.")),
    Group("access", "business", N_("Log-in and secrets"), N_("How your team proves who they are, and when sitters see what is locked away.")),
    Group("pages", "portal", N_("Portal pages"), N_("What clients can open and see.")),
    Group("lists", "lists", N_("Lists"), N_("What the lists of the back office show; chosen at the lists themselves.")),
    *settings_money.GROUPS,
    *settings_billing.GROUPS,
    *settings_reminders.GROUPS,
    *settings_visits.GROUPS,
    *settings_backups.GROUPS,
    *settings_connections.GROUPS,
    Group("header", "portal", N_("Header and notice"), N_("The top of every portal page.")),
)  # fmt: skip

_ENTRIES = (
    Entry("business.name", Kind.TEXT, "My pet care business", "profile", N_("Business name"), N_("Shown in the portal, the back office and every mail."), max_length=80),
    Entry("business.logo", Kind.IMAGE, None, "profile", N_("Logo"), N_("JPEG, PNG, WebP or HEIC up to 5 MB; shown in the portal header. It is stored as a fresh copy without hidden data."), blank=True),
    Entry("business.address", Kind.LONG_TEXT, "", "profile", N_("Address"), N_("Shown at the end of mails."), blank=True, max_length=500),
    Entry("business.phone", Kind.TEXT, "", "profile", N_("Phone"), N_("Clients are told to call it when it is too late to request online."), blank=True, max_length=40),
    Entry("business.email", Kind.TEXT, "", "profile", N_("Public mail address"), N_("Answers to mails go here; also shown in the portal."), blank=True, check=_email),
    Entry("business.time_zone", Kind.CHOICE, "America/New_York", "place", N_("Time zone"), N_("All visits, limits and mails follow this clock, wherever the server stands."), choices=_zones),
    Entry("business.currency", Kind.CHOICE, "USD", "place", N_("Currency"), N_("Every price is in this currency."), choices=_currencies, check=_currency),
    Entry("business.locale", Kind.CHOICE, "en_US", "place", N_("Language and format"), N_("The language of all pages and mails, if there is a translation (English, German), and how dates, times and money are written."), choices=_locales),
    Entry("business.admin_inbox", Kind.TEXT, "", "mail", N_("Admin inbox"), N_("Gets a copy of every mail about requests. Leave it empty for none."), blank=True, check=_email),
    Entry("mail.sitter_days", Kind.NUMBER, 3, "mail", N_("Tell sitters at once within (days)"), N_("A visit this close that is assigned, moved or taken away is mailed at once; others come with the evening's schedule. 0 sends all in the evening."), least=0, most=365),
    Entry("mail.cancel_sitter_days", Kind.NUMBER, 7, "mail", N_("Tell sitters of cancellations within (days)"), N_("A visit this close that is called off is mailed to its sitter at once; later ones stand in the evening's schedule. 0 sends no mail at once."), least=0, most=365),
    Entry("mail.schedule_time", Kind.TIME, "18:00", "mail", N_("Evening schedule at"), N_("When sitters get tomorrow's visits and the day's changes by mail.")),
    Entry("mail.master_schedule", Kind.CHOICE, "off", "mail", N_("Mail the 14-day schedule"), N_("All visits of two weeks by sitter and day, to the admin inbox or else the owners, at six in the morning. Good to have when the line is down."), choices=lambda: list(MASTER_SCHEDULE_DAYS.items())),
    Entry("data.digest", Kind.CHOICE, "off", "mail", N_("Mail what clients changed"), N_("What clients changed about themselves and their pets, in one mail at six in the morning, to the admin inbox or else the owners. HOME tells at once either way."), choices=lambda: list(DIGESTS.items())),
    Entry("vaccinations.remind_days", Kind.NUMBER, 30, "mail", N_("Remind of vaccinations (days before)"), N_("Clients get a mail and HOME a line, once this many days before one runs out and once when it has. Empty sends none."), blank=True, least=0, most=365),
    Entry("schedule.stay_gap_hours", Kind.NUMBER, 36, "schedule", N_("Visits belong to one stay within (hours)"), N_("A client's visits with no longer gap than this count as one stay, for cancellation rules that look at the whole stay."), least=1, most=240),
    Entry("schedule.repeat_days", Kind.NUMBER, 60, "schedule", N_("Make repeating visits ahead (days)"), N_("Each night, visits of repeating services are made this many days ahead."), least=7, most=400),
    Entry("schedule.cancelled_days", Kind.NUMBER, 30, "schedule", N_("Show cancelled visits for (days)"), N_("Counted from the visit's day; afterwards they leave the schedules of clients, sitters and office, but not the records. Empty shows them for ever."), blank=True, least=0, most=3650),
    Entry("schedule.undo_seconds", Kind.NUMBER, 60, "schedule", N_("Undo moves within (seconds)"), N_("A move on the board can be undone this long; the sitter's mail waits until then."), least=10, most=600),
    Entry("portal.requests", Kind.SWITCH, True, "requests", N_("Clients may request services"), N_("Off: the button, the menu entry and the pages are gone for every client.")),
    Entry("portal.auto_submit_hours", Kind.NUMBER, 24, "requests", N_("Send forgotten baskets after (hours)"), N_("Counted from the last change of the basket; such requests are marked Auto-submitted. Empty means never."), blank=True, least=1, most=720),
    Entry("booking.limit_kind", Kind.CHOICE, LimitKind.NONE.value, "requests", N_("How late clients may request"), N_("For all services that set no limit of their own, in the item or its group."), choices=lambda: [(k.value, LIMIT_LABELS[k]) for k in LimitKind]),
    Entry("booking.limit_number", Kind.NUMBER, None, "requests", N_("Hours or days"), N_("The N of the limit above. Empty or 0 means no limit."), blank=True, least=0, most=365),
    Entry("booking.limit_time", Kind.TIME, None, "requests", N_("Time of day"), N_("For the two limits that end at a time of day."), blank=True),
    Entry("booking.days_ahead", Kind.NUMBER, 400, "requests", N_("How far ahead (days)"), N_("Clients can request visits up to this many days from today."), least=1, most=1500),
    Entry("portal.too_late_text", Kind.LONG_TEXT, N_("It is too late to request this online. Please call us."), "requests", N_("Text when it is too late"), N_("Shown beside days and times that can no longer be requested."), max_length=500),
    Entry("vaccinations.block_requests", Kind.SWITCH, False, "requests", N_("No requests for pets whose vaccinations have run out"), N_("The day of the visit counts. Pets for which none are entered are not affected.")),
    Entry("changes.mode", Kind.CHOICE, "visits", "changes", N_("Change/cancellation requests"), N_("Off: clients call you. General message: they write a text, you edit the schedule. Specific visits: they ask visit by visit, you decide with a click."), choices=lambda: list(CHANGE_MODES.items())),
    Entry("changes.cancellations", Kind.SWITCH, True, "changes", N_("Clients may ask to cancel"), N_("Off: the button and the pages are gone. Requests that are not scheduled yet can always be cancelled.")),
    Entry("changes.changes", Kind.SWITCH, True, "changes", N_("Clients may ask for changes"), N_("Another day, time, service or other pets. A person always decides.")),
    Entry("changes.auto_approve", Kind.SWITCH, False, "changes", N_("Approve cancellations automatically"), N_("The visit is cancelled at once, with the fee of your cancellation policy. You see it under Auto-approved.")),
    Entry("changes.future_only", Kind.SWITCH, True, "changes", N_("Nothing today or earlier"), N_("Visits of today cannot be changed or cancelled in the portal; clients are asked to call you.")),
    Entry("changes.series", Kind.SWITCH, True, "changes", N_("Clients may ask to pause or end repeating visits"), N_("They give the days; a person always decides.")),
    Entry("changes.count_as_cancel", Kind.SWITCH, False, "changes", N_("A change of date counts as a cancellation"), N_("Then the cancellation policy's fee applies to the old date as well.")),
    Entry("changes.policy_text", Kind.LONG_TEXT, "", "changes", N_("Your cancellation policy in words"), N_("Shown to clients before they confirm, beside the fee that the rules give."), blank=True, max_length=2000),
    Entry("booking.change_limit_kind", Kind.CHOICE, LimitKind.NONE.value, "changes", N_("How late clients may ask for a change"), N_("For all services that set no limit of their own, in the item or its group."), choices=lambda: [(k.value, LIMIT_LABELS[k]) for k in LimitKind]),
    Entry("booking.change_limit_number", Kind.NUMBER, None, "changes", N_("Change: hours or days"), N_("The N of the limit above. Empty or 0 means no limit."), blank=True, least=0, most=365),
    Entry("booking.change_limit_time", Kind.TIME, None, "changes", N_("Change: time of day"), N_("For the two limits that end at a time of day."), blank=True),
    Entry("booking.cancel_limit_kind", Kind.CHOICE, LimitKind.NONE.value, "changes", N_("How late clients may ask to cancel"), N_("For all services that set no limit of their own, in the item or its group."), choices=lambda: [(k.value, LIMIT_LABELS[k]) for k in LimitKind]),
    Entry("booking.cancel_limit_number", Kind.NUMBER, None, "changes", N_("Cancel: hours or days"), N_("The N of the limit above. Empty or 0 means no limit."), blank=True, least=0, most=365),
    Entry("booking.cancel_limit_time", Kind.TIME, None, "changes", N_("Cancel: time of day"), N_("For the two limits that end at a time of day."), blank=True),
    Entry("portal.calendar_feed", Kind.SWITCH, True, "pages", N_("Calendar feed"), N_("Clients can follow their visits in their own calendar by a private address. Off: the addresses answer 404.")),
    Entry("portal.schedule", Kind.SWITCH, True, "pages", N_("Schedule"), N_("Clients see their visits in a month and day by day. Off: the pages answer 404.")),
    Entry("portal.your_data", Kind.SWITCH, True, "pages", N_("Your Data"), N_("Clients see the pages about themselves, their home and their pets. Off: the pages answer 404.")),
    Entry("portal.your_data_amend", Kind.SWITCH, True, "pages", N_("Your Data: change it"), N_("Clients fill in and change what the fields allow, and say when a pet is no longer with them. Off: they only read.")),
    Entry("portal.tell_decided", Kind.SWITCH, True, "pages", N_("Your Data: mail what was decided"), N_("Clients get a mail when you say yes or no to details that waited for your approval.")),
    Entry("portal.vets", Kind.SWITCH, True, "pages", N_("Your Data: choose the vet"), N_("Clients say which practice of your list a pet goes to, or propose one that is missing.")),
    Entry("portal.add_pet", Kind.SWITCH, True, "pages", N_("Your Data: add a pet"), N_("Clients add pets themselves.")),
    Entry("portal.upload", Kind.SWITCH, True, "pages", N_("Your Data: upload files"), N_("Clients send photos and documents, change their pets' photos, and remove what they sent.")),
    Entry("portal.download", Kind.SWITCH, True, "pages", N_("Your Data: download files"), N_("Clients save their photos and documents, and the contracts and forms that you give them.")),
    Entry("portal.contacts", Kind.SWITCH, True, "pages", N_("Your Data: contacts"), N_("Clients see the people of their household and whom to call in an emergency; where they may change Your Data, they change these too.")),
    Entry("portal.letters", Kind.SWITCH, True, "pages", N_("Messages"), N_("Clients read your messages in the portal and write to you there. Off: the pages answer 404, and you write by mail alone.")),
    Entry("portal.show_prices", Kind.SWITCH, False, "pages", N_("Show prices"), N_("Prices and an estimate while requesting.")),
    Entry("portal.show_sitter", Kind.SWITCH, True, "pages", N_("Show the sitter"), N_("The sitter's first name on scheduled visits.")),
    Entry("portal.two_factor", Kind.SWITCH, True, "pages", N_("Two-step log-in and passkeys for clients"), N_("Clients may add a code from their phone to their password, or log in with a passkey. Off: nobody can set it up any more; who has it keeps it.")),
    Entry("portal.languages", Kind.SWITCH, True, "pages", N_("Clients choose their language"), N_("Each log-in may choose a language for the pages; mails and invoices stay in yours. Off: every page is in yours.")),
    Entry("portal.registration", Kind.CHOICE, "off", "pages", N_("New clients may register"), N_("Off: you invite every client yourself. With approval: you say yes to each. Open: a new client begins at once, as a prospect."), choices=lambda: list(REGISTRATION_MODES.items())),
    Entry("portal.welcome_text", Kind.LONG_TEXT, N_("Welcome! Tell us about your pets, then ask for the first visit."), "pages", N_("Welcome text"), N_("Shown to a new client after registering, and in the mail."), blank=True, max_length=2000),
    Entry("access.staff_two_factor", Kind.CHOICE, "optional", "access", N_("Two-step log-in for the team"), N_("Off: nobody can set it up. Optional: each as they like. Required: who has none sets it up right after the password, and nothing else opens before."), choices=lambda: list(FACTOR_MODES.items())),
    Entry("lists.client_fields", Kind.TEXT, "", "lists", N_("Clients: columns of custom fields"), N_("Up to three fields, chosen at the list."), blank=True, permission=Permission.FIELDS),
    Entry("lists.pet_fields", Kind.TEXT, "", "lists", N_("Pets: columns of custom fields"), N_("Up to three fields, chosen at the list."), blank=True, permission=Permission.FIELDS),
    Entry("lists.staff_fields", Kind.TEXT, "", "lists", N_("Team: columns of custom fields"), N_("Up to three fields, chosen at the list."), blank=True, permission=Permission.FIELDS),
    Entry("lists.report_fields", Kind.TEXT, "", "lists", N_("Report cards: columns of custom fields"), N_("Up to three fields, chosen at the list."), blank=True, permission=Permission.FIELDS),
    Entry("access.secret_hours_before", Kind.NUMBER, 24, "access", N_("Sitters see codes and keys from (hours before)"), N_("Alarm codes, key places and restricted fields open this long before a sitter's own visit begins; each look is logged."), least=0, most=720),
    Entry("access.secret_hours_after", Kind.NUMBER, 2, "access", N_("Sitters see codes and keys until (hours after)"), N_("And close this long after it ends. Before and after they are masked."), least=0, most=720),
    Entry("portal.hide_business_name", Kind.SWITCH, False, "header", N_("Hide the business name"), N_("For logos that already contain it. The name stays for screen readers.")),
    Entry("portal.button_label", Kind.TEXT, "", "header", N_("Link button: text"), N_("An extra button in the portal header, for example to your web site. Empty: no button."), blank=True, max_length=40),
    Entry("portal.button_url", Kind.TEXT, "", "header", N_("Link button: address"), N_("Where that button leads; it opens in a new tab."), blank=True, check=_web_address),
    Entry("portal.notice", Kind.LONG_TEXT, "", "header", N_("Notice"), N_("A blue banner on every portal page until you empty it again."), blank=True, max_length=1000),
    *settings_money.ENTRIES,
    *settings_billing.ENTRIES,
    *settings_reminders.ENTRIES,
    *settings_visits.ENTRIES,
    *settings_backups.ENTRIES,
    *settings_connections.ENTRIES,
)  # fmt: skip

REGISTRY: dict[str, Entry] = {e.key: e for e in _ENTRIES}


@dataclass
class Values:
    """The settings as they are now; `values["portal.requests"]`. Unknown keys raise KeyError."""

    stored: Mapping[str, Any] = field(default_factory=dict)
    #: (role, permission) -> may they, where the owner ticked otherwise than the product's own table
    roles: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    #: no other settings of this process have the same; what is made of settings may be kept by it
    serial: int = field(default_factory=itertools.count().__next__, repr=False, compare=False)
    #: those that were asked for already: a page asks three hundred times, for forty of them
    _asked: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401 -- each key has its own type
        try:
            return self._asked[key]
        except KeyError:
            value = self._asked[key] = self._value(REGISTRY[key])
            return value

    def _value(self, entry: Entry) -> Any:  # noqa: ANN401 -- each key has its own type
        value = self.stored.get(entry.key, entry.default)
        return dt.time.fromisoformat(value) if entry.kind is Kind.TIME and value is not None else value

    def is_changed(self, key: str) -> bool:
        """Does it differ from the default?"""
        return key in self.stored and self.stored[key] != REGISTRY[key].default


def read() -> Values:
    """Read all settings with one query and set this process's time zone and currency from them.

    Kept for the length of the session's transaction scope: call it freely.
    """
    session = db.session()
    cached: Values | None = session.info.get("settings")
    if cached is None:
        # Of the connection, as asking for a setting must not save what a form holds so far.
        cached = keep(*session.connection().execute(settings_stored.ALL).one())
    clock.use_zone(cached["business.time_zone"])
    money.use_currency(cached["business.currency"])
    return cached


def keep(stored: str | None, ticked: str | None) -> Values:
    """These are the settings of the session's transaction: the texts were read together with something else."""
    values = db.session.info["settings"] = _values_of(stored, ticked)
    return values


@lru_cache(maxsize=8)
def _values_of(stored: str | None, ticked: str | None) -> Values:
    """Made once for as long as the database says the very same."""
    values = settings_stored.stored(stored)
    return Values({k: v for k, v in values.items() if k in REGISTRY}, settings_stored.ticks(ticked))


def forget() -> None:
    """Read the settings afresh next time: at the start of a request or task, and after a change."""
    db.session.info.pop("settings", None)


@sa.event.listens_for(db.session, "after_rollback")
def _forget_undone(session: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's session of any kind
    """A change that was undone must not live on in what was read after it."""
    session.info.pop("settings", None)


_Hook = Callable[[Any], None]
_hooks: dict[str, list[_Hook]] = {}


def when_changed(key: str) -> Callable[[_Hook], _Hook]:
    """Have a function told the new value whenever this setting changes, in the same transaction."""

    def keep(hook: _Hook) -> _Hook:
        _hooks.setdefault(key, []).append(hook)
        return hook

    return keep


def clean(key: str, raw: Any) -> Any:  # noqa: ANN401 -- a form gives text, code gives typed values
    """What would be stored for `raw`, or Invalid (with the key as field) and a sentence that says what is allowed."""
    entry = REGISTRY[key]
    if entry.kind is Kind.SWITCH:
        return bool(raw)
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        if not entry.blank:
            raise Invalid("setting_blank", N_("Fill this in."), field=key)
        return None if entry.kind in {Kind.NUMBER, Kind.TIME, Kind.IMAGE, Kind.CHOICE} else ""
    try:
        value = _typed(entry, raw)
        if entry.check:
            entry.check(value)
    except Invalid as problem:
        problem.field = key
        raise
    return value


def _typed(entry: Entry, raw: Any) -> Any:  # noqa: ANN401
    if entry.kind is Kind.NUMBER:
        return _number(entry, raw)
    if entry.kind is Kind.TIME:
        try:
            time = raw if isinstance(raw, dt.time) else dt.time.fromisoformat(str(raw).strip())
        except ValueError as problem:
            raise Invalid("setting_time", N_("Enter a time, for example 18:00.")) from problem
        return time.strftime("%H:%M")
    text = tidy(str(raw))
    if entry.kind is Kind.CHOICE and entry.choices and text not in {value for value, _label in entry.choices()}:
        raise Invalid("setting_choice", N_("Choose one of the listed values."))
    if len(text) > entry.max_length:
        raise Invalid("setting_long", N_("Use at most %(most)s characters."), most=entry.max_length)
    return text


def _number(entry: Entry, raw: Any) -> int:  # noqa: ANN401
    least, most = entry.least or 0, entry.most or 2**31 - 1
    text = str(raw).strip()
    number = int(text.split(".")[0]) if re.fullmatch(r"[+-]?\d{1,9}(\.0*)?", text) else least - 1
    if not least <= number <= most:
        raise Invalid("setting_number", N_("Enter a whole number from %(least)s to %(most)s."), least=least, most=most)
    return number


def change(values: Mapping[str, Any], *, actor: Actor) -> dict[str, tuple[Any, Any]]:
    """Set the given settings. Every real change is logged with old and new value; says what changed.

    Refuses all of them when one is wrong (Invalid, with the key as field), and without the permission (NotAllowed).
    """
    for permission in dict.fromkeys(REGISTRY[key].permission for key in values):
        actor.require(permission)
    locks.lock_place("settings")
    forget()
    current = read()
    wanted = checked(values)
    changed: dict[str, tuple[Any, Any]] = {}
    for key, new in wanted.items():
        old = current.stored.get(key, REGISTRY[key].default)
        if old == new:
            continue
        changed[key] = (old, new)
        row = db.session.get(Setting, key)
        if row is None:
            db.session.add(Setting(key=key, value=new))
        else:
            row.value = new
        activity.record("setting.changed", actor=actor, key=key, changes={key: [old, new]})
    db.session.flush()
    forget()
    read()
    for key, (_old, new) in changed.items():
        for hook in _hooks.get(key, ()):
            hook(new)
    return changed


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """The given settings as they would be stored; refused as `change` says, all that is wrong at once. Nothing is written."""
    stored, refusals, wanted = read().stored, Refusals(), {}
    for key, raw in values.items():
        with refusals:
            wanted[key] = clean(key, raw)
    with refusals:
        setting_checks.check_together({**{k: stored.get(k, e.default) for k, e in REGISTRY.items()}, **wanted})
    refusals.say()
    return wanted
