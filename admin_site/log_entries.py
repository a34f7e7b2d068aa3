"""Lines of the log as sentences, with what changed from what to what, in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext, ngettext

from admin_site.log_words import FIELDS, RECORDS, VERBS
from admin_site.reading import count_of, texts_of
from admin_site.texts import amount_words, key_place, moment_words, with_dates
from mailer.kinds import label as mail_word
from models import Activity, ActorKind, KeyPlace, Via
from workflows import settings


@dataclass(frozen=True)
class LogEntry:
    """A line of the log to be shown."""

    icon: str
    text: str
    #: `Today 8:14, portal`
    meta: str
    #: the visits or records it is about, one line each
    details: list[str] = field(default_factory=list)
    #: what changed: label, old, new
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    #: words that a person wrote: a reason, a message
    quote: str = ""


def log_entry(line: Activity) -> LogEntry:
    """A line of the log as sentence, meta and details; unknown verbs are shown as they are."""
    facts = line.facts or {}
    icon, text = _sentence(line, _who(line), facts)
    details = [with_dates(x) for key in ("lines", "jobs") for x in texts_of(facts, key)]
    changes = _changes(facts)
    if line.verb.startswith("job.") and facts.get("before"):
        changes.append((gettext("Visit"), with_dates(str(facts["before"])), with_dates(str(facts.get("after", "")))))
    elif facts.get("before"):
        changes.append((gettext("Visit"), with_dates(str(facts["before"])), "; ".join(details)))
        details = []
    elif facts.get("after"):
        details.append(with_dates(str(facts["after"])))
    quote = str(facts.get("reason") or facts.get("message") or "")
    return LogEntry(icon, text, f"{moment_words(line.at)}, {via_word(line.via)}", details, changes, quote)


def _sentence(line: Activity, who: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    if line.verb == "job_request.message":
        return "message", _message_text(who, facts)
    if line.verb in VERBS:
        icon, singular, plural = VERBS[line.verb]
        values = {"who": who, **{name: facts.get(name, "") for name in ("number", "email", "name", "invoice")}}
        values["mail"] = mail_word(str(facts.get("kind", ""))) if line.verb.startswith("mail_template.") else ""
        n = count_of(facts, "n_jobs" if "n_jobs" in facts else "n_lines")
        return icon, ngettext(singular, plural, n, **values) if plural else gettext(singular, **values)
    table, _dot, what = line.verb.rpartition(".")
    icon, noun = RECORDS.get(table, ("activity", table.replace("_", " ")))
    record, name = gettext(noun), str(facts.get("name") or "")
    if what == "added":
        return icon, gettext("%(who)s added the %(record)s %(name)s", who=who, record=record, name=name).rstrip()
    if what == "changed":
        return icon, gettext("%(who)s changed the %(record)s %(name)s", who=who, record=record, name=name).rstrip()
    if what == "removed":
        return icon, gettext("%(who)s removed the %(record)s %(name)s", who=who, record=record, name=name).rstrip()
    return "activity", f"{who}: {line.verb.replace('_', ' ').replace('.', ' ')}"


def _message_text(who: str, facts: Mapping[str, Any]) -> str:
    if facts.get("to_client") and facts.get("to_sitter"):
        return gettext("%(who)s wrote to client and sitter about a request", who=who)
    if facts.get("to_sitter"):
        return gettext("%(who)s wrote to the sitter about a request", who=who)
    return gettext("%(who)s wrote to the client about a request", who=who)


def _who(line: Activity) -> str:
    if line.actor_kind is ActorKind.SYSTEM:
        return gettext("Latchkey")
    if line.on_behalf:
        return gettext("%(staff)s (for the client)", staff=line.actor_name)
    return line.actor_name


def via_word(via: Via) -> str:
    """Through which door it was done."""
    return {
        Via.PORTAL: gettext("portal"),
        Via.OFFICE: gettext("office"),
        Via.WORKER: gettext("automatic"),
        Via.COMMAND_LINE: gettext("command line"),
    }[via]


def _changes(facts: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    found = facts.get("changes")
    if not isinstance(found, dict):
        return []
    shown = []
    for key, pair in found.items():
        old, new = pair if isinstance(pair, list) and len(pair) == 2 else ("", pair)
        words = _figure_words if key in FIGURES else _place_words if key == "key_place" else value_words
        shown.append((field_label(str(key)), words(old), words(new)))
    return shown


#: what a visit costs and pays, as `cancelling` and `change_deciding` log it
FIGURES = ("price", "sitter_pay")


def _figure_words(value: Any) -> str:
    try:
        return amount_words(str(value))
    except ArithmeticError:
        return value_words(value)


def _place_words(value: Any) -> str:
    """Where a key was: a place, or the name of whoever had it."""
    return key_place(KeyPlace(value)) if value in set(KeyPlace) - {KeyPlace.STAFF} else value_words(value)


def field_label(key: str) -> str:
    """A column's or a setting's name as people read it."""
    if key in settings.REGISTRY:
        return gettext(settings.REGISTRY[key].label)
    if key in FIELDS:
        return gettext(FIELDS[key])
    # Columns are lower case; anything else is the label of a field that the office designed.
    return key.replace("_", " ").capitalize() if key == key.lower() else key


def value_words(value: Any) -> str:
    """An old or new value as people read it; long texts are cut."""
    if value is None or value in ("", []):
        return gettext("none")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(value_words(v) for v in value)
    text = with_dates(str(value))
    return text if len(text) <= 200 else f"{text[:199]}…"
