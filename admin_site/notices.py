"""Notifications as sentences, with links to what they are about: what HOME and the list of notifications say."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, ngettext
from markupsafe import Markup, escape

from admin_site.log_entries import field_label
from admin_site.log_words import CHANGE_SENTENCES
from admin_site.reading import count_of, link, texts_of
from admin_site.texts import with_dates
from models import Notification, NotificationKind
from ui_kit import formats
from workflows import field_news
from workflows.errors import N_


@dataclass(frozen=True)
class Told:
    """A notification to be shown: its picture, its sentence with links in it, and the record it is about."""

    icon: str
    html: Markup
    url: str | None


def _linked(text: str, **links: str | Markup) -> Markup:
    """Put links (or plain words) into a translated sentence that still holds its %(names)s."""
    return Markup(escape(text)) % links  # noqa: S704 -- the sentence is escaped, and so is what is put in


def _anchor(label: str, url: str | None) -> Markup:
    return Markup('<a href="{}">{}</a>').format(url, label) if url else escape(label)


def notification(line: Notification) -> Told:
    """The sentence of a line on HOME; its client must be loaded."""
    return _about_a_change(line) if line.kind in CHANGE_SENTENCES else _about_a_request(line)


def _about_a_change(line: Notification) -> Told:
    """What a client asks, or did, about visits in the schedule; leads to the request, else to the client."""
    icon, one, many = CHANGE_SENTENCES[line.kind]
    client_url = link("client_page.show", client_id=line.client_id) if line.client_id else None
    client = _anchor(str(line.client) if line.client else gettext("Somebody"), client_url)
    n, keep = count_of(line.facts, "n_lines"), "%(client)s"
    text = ngettext(one, many, n, client=keep) if many else gettext(one, client=keep)
    about = "; ".join(with_dates(str(x)) for x in texts_of(line.facts, "lines")) or str(line.facts.get("message", ""))
    url = link("changes.show", request_id=line.change_request_id) if line.change_request_id else None
    return Told(icon, _linked(text, client=client) + (f": {about}" if about else ""), url or client_url)


def _about_a_request(line: Notification) -> Told:
    n = count_of(line.facts, "n_lines")
    client_url = link("client_page.show", client_id=line.client_id) if line.client_id else None
    client = _anchor(str(line.client) if line.client else gettext("Somebody"), client_url)
    batch = link("requests.batch", client_id=line.client_id) if line.client_id else None
    keep = "%(client)s"
    match line.kind:
        case NotificationKind.REQUEST_RECEIVED if line.facts.get("added"):
            text = ngettext("%(client)s added %(num)d visit to a request", "%(client)s added %(num)d visits to a request", n, client=keep)  # fmt: skip
            return Told("circle-plus", _linked(text, client=client), batch)
        case NotificationKind.REQUEST_RECEIVED:
            text = ngettext("%(client)s requested %(num)d visit", "%(client)s requested %(num)d visits", n, client=keep)
            return Told("inbox", _linked(text, client=client), batch)
        case NotificationKind.REQUEST_AUTO_SUBMITTED:
            text = ngettext("Auto-submitted: %(num)d visit of %(client)s's forgotten basket", "Auto-submitted: %(num)d visits of %(client)s's forgotten basket", n, client=keep)  # fmt: skip
            return Told("clock", _linked(text, client=client), batch)
        case NotificationKind.REQUEST_CANCELLED:
            visits = "; ".join(with_dates(str(x)) for x in texts_of(line.facts, "lines"))
            text = ngettext("%(client)s cancelled a job request", "%(client)s cancelled %(num)d visits of a job request", n, client=keep)  # fmt: skip
            sentence = _linked(text, client=client)
            return Told("calendar-x", sentence + (f": {visits}" if visits else ""), batch)
        case NotificationKind.REQUEST_ANSWERED:
            by_sitter = bool(line.facts.get("from_sitter"))
            name = str(line.facts.get("name") or "")
            text = gettext("%(name)s answered about a request of %(client)s", name=name, client=keep) if by_sitter else gettext("%(client)s wrote about a request", client=keep)  # fmt: skip
            words = str(line.facts.get("text") or "")
            return Told("message", _linked(text, client=client) + (f": {words}" if words else ""), batch)
        case NotificationKind.BASKET_BLOCKED:
            text = ngettext("%(num)d visit in %(client)s's basket can no longer be requested", "%(num)d visits in %(client)s's basket can no longer be requested", n, client=keep)  # fmt: skip
            return Told("basket", _linked(text, client=client), link("requests.baskets"))
        case NotificationKind.MAIL_FAILED:
            to = str(line.facts.get("to") or line.facts.get("to_address") or line.client or "")
            text = gettext("A mail to %(to)s could not be sent", to=to) if to else gettext("A mail could not be sent")
            return Told("mail", escape(text), link("outbox.index_view"))
    return _more_told(line, client)


def _more_told(line: Notification, client: str | Markup) -> Told:
    if line.kind is NotificationKind.SERIES_TROUBLE:
        return _series_told(line, client)
    if line.kind is NotificationKind.VISITS_OF_ARCHIVED:
        return _left_told(line, client)
    if line.kind in TEAM_NEWS:
        return _team_told(line, client)
    if line.kind in DATA_NEWS:
        icon, text, endpoint = DATA_NEWS[line.kind]
        about = told_about(line.facts)
        sentence = _linked(gettext(text, client="%(client)s", pet=str(line.facts.get("pet") or "")), client=client)
        tab = {"tab": "files"} if line.kind is NotificationKind.FILES_UPLOADED else {}
        url = line.facts.get("url") or (link(endpoint, client_id=line.client_id, **tab) if line.client_id else None)
        return Told(icon, sentence + (f": {about}" if about else ""), url)
    return Told("bell", escape(str(line.kind)), None)


def told_about(facts: Mapping[str, Any]) -> str:
    """What a line on HOME is about in particular: each field with old and new, or the things that it names."""
    changes = facts.get("changes")
    if not isinstance(changes, dict) or not (changes or facts.get("what")):
        return ", ".join(texts_of(facts, "about"))
    said = ", ".join(field_news.sentence(field_label(str(label)), old, new, gettext) for label, (old, new) in changes.items())  # fmt: skip
    shared = {"email": gettext("Another client has this mail address too."), "phone": gettext("Another client has this phone number too.")}  # fmt: skip
    said = ". ".join([said, *(words.rstrip(".") for of, words in shared.items() if of in texts_of(facts, "shared"))])
    if "person" not in facts:
        return said
    done = {"added": gettext("added"), "removed": gettext("removed")}.get(str(facts.get("what")), said)
    return f"{facts['person']}: {done}"


#: icon, sentence and page of what clients tell about themselves. The facts may hold `pet` (its name), `about` (what in
#: particular, a list) or `changes` (label to old and new), `person` and `what` became of them, and `url` (where exactly
#: it is decided or seen)
DATA_NEWS: dict[NotificationKind, tuple[str, str, str]] = {
    NotificationKind.DATA_CHANGED: ("pencil", N_("%(client)s changed details"), "client_page.show"),
    NotificationKind.DATA_PROPOSED: ("pencil", N_("%(client)s wants details changed that need your yes"), "proposals.index"),
    NotificationKind.PET_ADDED: ("paw", N_("%(client)s added %(pet)s"), "client_page.show"),
    NotificationKind.PET_LEFT: ("paw", N_("%(pet)s of %(client)s is no longer with us"), "client_page.show"),
    NotificationKind.FILES_UPLOADED: ("upload", N_("%(client)s uploaded files"), "client_page.show"),
    NotificationKind.VET_PROPOSED: ("stethoscope", N_("%(client)s misses a vet in your list"), "client_page.show"),
    NotificationKind.VACCINATION_DUE: ("vaccine", N_("A vaccination of %(pet)s (%(client)s) runs out"), "client_page.show"),
    NotificationKind.AGREEMENT_ACCEPTED: ("signature", N_("%(client)s accepted an agreement"), "client_page.show"),
    NotificationKind.CLIENT_REGISTERED: ("user-plus", N_("%(client)s registered as a new client"), "client_page.show"),
    NotificationKind.REGISTRATION_WAITING: ("user-plus", N_("Somebody registered and waits for your yes"), "client_page.show"),
    NotificationKind.LETTER_RECEIVED: ("message", N_("%(client)s wrote to you"), "letters.thread"),
    NotificationKind.PAYMENT_RECEIVED: ("cash", N_("%(client)s paid"), "client_page.show"),
    NotificationKind.PAYMENT_FAILED: ("alert-triangle", N_("A payment of %(client)s did not go through"), "client_page.show"),
    NotificationKind.PAYMENT_RETURNED: ("alert-triangle", N_("A payment of %(client)s came back"), "client_page.show"),
    NotificationKind.PAYMENT_UNCLEAR: ("alert-triangle", N_("A payment of %(client)s is still being confirmed"), "client_page.show"),
    NotificationKind.METHOD_CHANGED: ("cash", N_("%(client)s changed a card or bank account"), "client_page.show"),
    NotificationKind.NOTE_OPENED: ("file-invoice", N_("A note for %(client)s waits to be committed"), "client_page.show"),
    NotificationKind.REFUND_DUE: ("cash", N_("%(client)s gets money back"), "client_page.show"),
    NotificationKind.REFUND_FAILED: ("alert-triangle", N_("A refund to %(client)s failed"), "client_page.show"),
    NotificationKind.DISPUTE_OPENED: ("alert-triangle", N_("%(client)s disputes a payment with the bank"), "client_page.show"),
    NotificationKind.DISPUTE_CLOSED: ("file-invoice", N_("A dispute of %(client)s is decided"), "client_page.show"),
    NotificationKind.BOOKS_DIFFER: ("alert-triangle", N_("Books and payment gateway differ"), "client_page.show"),
}  # fmt: skip


#: icon, sentence and page of what sitters do. The facts may hold `sitter` (the name), `about` (what in particular, a
#: list) and `url` (where exactly it is seen)
TEAM_NEWS: dict[NotificationKind, tuple[str, str, str]] = {
    NotificationKind.TIME_OFF_REQUESTED: ("calendar-off", N_("%(sitter)s asks for time off"), "time_off.index_view"),
    NotificationKind.TIME_OFF_WITHDRAWN: ("calendar-off", N_("%(sitter)s needs no time off any more"), "time_off.index_view"),
    NotificationKind.SITTER_MESSAGE: ("message", N_("%(sitter)s wrote to you"), "sitter_messages.index"),
    NotificationKind.REPORT_SENT: ("file-text", N_("%(sitter)s sent the report card of %(client)s"), "visits.index_view"),
    NotificationKind.REPORT_THANKED: ("message", N_("%(client)s thanked %(sitter)s"), "visits.index_view"),
    NotificationKind.KEY_MOVED: ("key", N_("%(sitter)s handed over a key of %(client)s"), "keys.index_view"),
    NotificationKind.KEY_LOST: ("alert-triangle", N_("%(sitter)s lost a key of %(client)s"), "keys.index_view"),
    NotificationKind.CHECK_REFUSED: ("alert-triangle", N_("%(sitter)s was at %(client)s, but it could not be recorded"), "visits.index_view"),
    NotificationKind.HOOK_FAILED: ("alert-triangle", N_("Another program does not answer any more"), "connections.index"),
}  # fmt: skip


def _team_told(line: Notification, client: str | Markup) -> Told:
    icon, text, endpoint = TEAM_NEWS[line.kind]
    days = [formats.short_day(dt.date.fromisoformat(day)) for day in texts_of(line.facts, "days")]
    others = [with_dates(x) for x in texts_of(line.facts, "about")]
    about = formats.time_span(*days) if len(days) == 2 else ", ".join([*days, *others])
    sentence = _linked(gettext(text, client="%(client)s", sitter=str(line.facts.get("sitter") or "")), client=client)
    job_id = line.facts.get("job_id")
    url = line.facts.get("url") or (link("visits_page.show", job_id=job_id) if job_id else link(endpoint))
    return Told(icon, sentence + (f": {about}" if about else ""), url)


def _left_told(line: Notification, client: str | Markup) -> Told:
    """Visits ahead of a client who was archived, or with a pet that left."""
    n, pet, keep = count_of(line.facts, "n_jobs"), str(line.facts.get("pet") or ""), "%(client)s"
    if pet:
        text = ngettext("%(pet)s of %(client)s is no longer with us, and %(num)d visit is booked", "%(pet)s of %(client)s is no longer with us, and %(num)d visits are booked", n, pet=pet, client=keep)  # fmt: skip
    else:
        text = ngettext("%(client)s is archived, and %(num)d visit is booked", "%(client)s is archived, and %(num)d visits are booked", n, client=keep)  # fmt: skip
    url = link("left_visits.show", client_id=line.client_id, pet=line.facts.get("pet_id")) if line.client_id else None
    return Told("alert-triangle", _linked(text, client=client), url)


def _series_told(line: Notification, client: str | Markup) -> Told:
    text = gettext("A repeating service of %(client)s needs a look", client="%(client)s")
    told = "; ".join(series_trouble(line.facts))
    url = link("repeat_page.show", repeat_id=count_of(line.facts, "repeat_id"))
    return Told("calendar-repeat", _linked(text, client=client) + (f": {told}" if told else ""), url)


def series_trouble(facts: Mapping[str, Any]) -> list[str]:
    """What the office should look at in a series, in short."""
    n = facts.get("n_conflicts", 0)
    words = {
        "no_pets": gettext("none of its pets is with us any more, no visits are made"),
        "sitter_left": gettext("its sitter has left, visits are made unassigned"),
        "sitter_blocked": gettext("the client does not want its sitter, visits are made unassigned"),
        "item_inactive": gettext("its service is inactive"),
        "conflicts": ngettext("%(num)d visit has a conflict", "%(num)d visits have conflicts", n if isinstance(n, int) else 1),
    }  # fmt: skip
    return [words[code] for code in texts_of(facts, "told") if code in words]
