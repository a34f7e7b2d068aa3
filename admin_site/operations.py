"""How the installation runs, for the owner: each part in a plain sentence, and what to do where something is wrong."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import current_app, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext

import foundation
from admin_site.pages import Answer, WorkPage, page
from admin_site.reading import link
from admin_site.texts import moment_words
from foundation import clock
from foundation.db import db
from models import Sign, SignOfLife
from ui_kit.files import size_words
from workflows import condition, settings
from workflows.errors import N_
from workflows.permissions import Permission

Seen = Mapping[Sign, SignOfLife]


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(OperationsPage(name="Operations", endpoint="operations", url="operations"))


@dataclass(frozen=True)
class Part:
    """One thing that is looked after. `kind` is ok, req (look at it some time) or danger."""

    kind: str
    icon: str
    title: str
    text: str
    url: str | None = None
    button: str = ""


class OperationsPage(WorkPage):
    """The worker, what waits, backups, disk and checks."""

    permission = Permission.OPERATIONS

    @expose("/")
    def index(self) -> Answer:
        """All parts, those with trouble first."""
        parts = look()
        order = {"danger": 0, "req": 1, "ok": 2}
        return page(
            "operations.html",
            parts=sorted(parts, key=lambda part: order[part.kind]),
            summary=_summary(parts),
            version=foundation.__version__,
            migration=condition.migration(),
        )


def _summary(parts: list[Part]) -> str:
    """The parts in a few words: all is well only where nothing is wrong and nothing is still to be set up or looked at."""
    n_wrong, n_open = (sum(part.kind == kind for part in parts) for kind in ("danger", "req"))
    if n_wrong:
        return ngettext("%(num)d thing needs you", "%(num)d things need you", n_wrong)
    if n_open:
        return ngettext("Nothing is wrong; look at %(num)d thing", "Nothing is wrong; look at %(num)d things", n_open)
    return gettext("All is well")


def look() -> list[Part]:
    """Everything that is looked after; three queries, and one or two for the database's size."""
    seen, known, waits = condition.signs(), condition.known(), condition.waiting()
    return [
        _worker(seen, known),
        _queue(waits),
        _mails(waits),
        _backup(seen, known),
        _backup_check(seen),
        _payments(waits),
        _disk(),
        _database(),
        *(_nightly(sign, seen) for sign in condition.NIGHTLY),
    ]


def _worker(seen: Seen, known: condition.Known) -> Part:
    last = seen.get(Sign.WORKER)
    if condition.is_silent(known):
        text = (
            gettext('Its last sign of life was %(moment)s. Until it runs again no mail leaves and nothing is done in the background. Start the program "flask worker" on the server, or have its service restarted.', moment=moment_words(last.at, inside=True))
            if last is not None
            else gettext('It has never run, and mails wait for it. Start the program "flask worker" on the server beside the web server.')
        )  # fmt: skip
        return Part("danger", "alert-triangle", gettext("The worker does not run"), text)
    if last is None:
        text = gettext('It has not run yet. It sends mails and works in the background: start "flask worker" beside the web server.')  # fmt: skip
        return Part("req", "clock", gettext("The worker has not begun"), text)
    text = gettext("Last sign of life: %(moment)s.", moment=moment_words(last.at, inside=True))
    return Part("ok", "circle-check", gettext("The worker runs"), text)


def _queue(waits: condition.Waiting) -> Part:
    n = waits.n_mails + waits.n_orders
    if not n or waits.oldest is None:
        return Part("ok", "circle-check", gettext("Nothing waits"), gettext("All mails and orders are done."))
    title = ngettext("%(num)d thing waits for the worker", "%(num)d things wait for the worker", n)
    since = gettext("The first since %(moment)s.", moment=moment_words(waits.oldest, inside=True))
    if waits.oldest < clock.now() - condition.SILENT_AFTER:
        advice = gettext("That is long. A large order takes its time; else look whether the worker runs and what its log says.")  # fmt: skip
        return Part("req", "clock", title, f"{since} {advice}")
    return Part("ok", "clock", title, since)


def _mails(waits: condition.Waiting) -> Part:
    if not waits.n_failed:
        return Part("ok", "circle-check", gettext("No mail has failed"), gettext("Whatever should leave has left, or is on its way."))  # fmt: skip
    title = ngettext("%(num)d mail could not be sent", "%(num)d mails could not be sent", waits.n_failed)
    text = gettext("Look at what went wrong, then send again or stop it.")
    return Part("danger", "mail", title, text, link("outbox.index_view"), gettext("Outbox"))


def _backup(seen: Seen, known: condition.Known) -> Part:
    last = seen.get(Sign.BACKUP)
    where = url_for("settings.page", page="business", _anchor="backups")
    if last is not None and not last.is_well:
        well = moment_words(last.well_at, inside=True) if last.well_at else gettext("never")
        text = gettext("Tried %(moment)s: %(problem)s The last good one: %(well)s. It is tried again each hour; see that the disk has room and that the place of the backups can be reached.", moment=moment_words(last.at, inside=True), problem=_problem(last), well=well)  # fmt: skip
        return Part("danger", "alert-triangle", gettext("The last backup failed"), text)
    if condition.is_backup_old(known):
        text = gettext('None was made in the last two days. See that the worker runs; on the server, "flask backup" makes one at once.')  # fmt: skip
        return Part("danger", "alert-triangle", gettext("The backups are old"), text)
    if last is None or last.well_at is None:
        at = settings.read()["backups.at"]
        if at is None:
            text = gettext("None are made by themselves. If they are not made another way, set a time.")
            return Part("req", "database-export", gettext("Backups are switched off"), text, where, gettext("Settings"))
        text = gettext("The first one is made by the worker at the time that is set.")
        return Part("req", "clock", gettext("No backup yet"), text, where, gettext("Settings"))
    words = gettext("Made %(moment)s: %(name)s, %(size)s.", moment=moment_words(last.well_at, inside=True), name=last.facts.get("name", ""), size=size_words(int(last.facts.get("n_bytes", 0))))  # fmt: skip
    if not last.facts.get("is_sealed"):
        advice = gettext("It is not encrypted: whoever has the file can read it. Set BACKUP_KEY on the server, and keep the key in another place.")  # fmt: skip
        return Part("req", "shield-lock", gettext("The last backup went well"), f"{words} {advice}")
    return Part("ok", "circle-check", gettext("The last backup went well"), f"{words} {gettext('It is encrypted.')}")


def _problem(last: SignOfLife) -> str:
    """What went wrong; a word of the program itself when it knew one."""
    return str(last.facts.get("problem") or gettext("The log says why."))


def _backup_check(seen: Seen) -> Part:
    last = seen.get(Sign.BACKUP_CHECK)
    title = gettext("The newest backup was read")
    if last is None:
        text = gettext("Once a day the newest one is opened and read to its end, to know that it could be restored.")
        return Part("ok", "clock", gettext("No backup was read yet"), text)
    name = str(last.facts.get("name", ""))
    if not last.is_well:
        text = gettext('%(name)s could not be read %(moment)s: %(problem)s Make a new one with "flask backup", and see that BACKUP_KEY is the right one.', name=name, moment=moment_words(last.at, inside=True), problem=_problem(last))  # fmt: skip
        return Part("danger", "alert-triangle", gettext("The newest backup cannot be read"), text)
    text = gettext("%(name)s was opened and read to its end %(moment)s: %(rows)s rows and %(files)s files, all whole.", name=name, moment=moment_words(last.at, inside=True), rows=last.facts.get("n_rows", 0), files=last.facts.get("n_files", 0))  # fmt: skip
    return Part("ok", "circle-check", title, text)


def _payments(waits: condition.Waiting) -> Part:
    if not waits.n_unknown:
        return Part("ok", "circle-check", gettext("No payment is unclear"), gettext("Of every charge and refund we know what became of it."))  # fmt: skip
    title = ngettext("%(num)d payment is unclear", "%(num)d payments are unclear", waits.n_unknown)
    text = gettext("The payment gateway did not answer. We ask again by ourselves; nothing is charged twice meanwhile.")
    return Part("req", "cash", title, text, url_for("attention.index"), gettext("Look"))


def _disk() -> Part:
    free = shutil.disk_usage(current_app.config["DATA_DIR"]).free
    words = gettext(
        "%(size)s are free where the data lies.", size=f"{free // 2**30} GB" if free >= 2**30 else size_words(free)
    )
    if free < condition.LEAST_DISK:
        advice = gettext("Make room soon: without it nothing can be saved and no backup be made.")
        return Part("danger", "alert-triangle", gettext("The disk is almost full"), f"{words} {advice}")
    return Part("ok", "circle-check", gettext("The disk has room"), words)


def _database() -> Part:
    kind = "PostgreSQL" if db.engine.dialect.name == "postgresql" else "SQLite"
    words = gettext("%(kind)s, %(size)s.", kind=kind, size=size_words(condition.size_of_database()))
    return Part("ok", "circle-check", gettext("The database answers"), words)


_NIGHTLY: dict[Sign, tuple[str, str]] = {
    Sign.COMPARE_BOOKS: (N_("Books and payment gateway compared"), N_("Differences stand under Needs attention.")),
    Sign.CLEAN_UP: (N_("Old tries, forms and files cleared away"), N_("The search is put right along with it.")),
    Sign.REPEATS: (N_("Repeating visits made"), N_("Up to the days ahead that are set.")),
}


def _nightly(sign: Sign, seen: Seen) -> Part:
    title, about = map(gettext, _NIGHTLY[sign])
    last = seen.get(sign)
    if last is None:
        return Part("ok", "clock", title, gettext("Not yet: it is done each night. %(about)s", about=about))
    moment = moment_words(last.at, inside=True)
    if not last.is_well:
        text = gettext("It failed %(moment)s and is tried again next night. The log says why.", moment=moment)
        return Part("danger", "alert-triangle", title, text)
    if last.at < clock.now() - condition.NIGHTLY_LATE_AFTER:
        text = gettext(
            "Last done %(moment)s; it should be each night. See that the worker runs at night.", moment=moment
        )
        return Part("req", "clock", title, text)
    return Part("ok", "circle-check", title, gettext("Done %(moment)s. %(about)s", moment=moment, about=about))


#: what HOME says of each trouble of `condition.troubles`
WARNINGS: dict[str, tuple[str, str]] = {
    "worker": (N_("The worker does not run"), N_("No mail leaves, and nothing is done in the background.")),
    "backup": (N_("There is no fresh backup"), N_("The last one failed, or is older than two days.")),
    "backup_check": (N_("The newest backup cannot be read"), N_("If something happened now, it could not be restored.")),
}  # fmt: skip


def warnings(names: list[str], say: Callable[[str], str] = gettext) -> list[tuple[str, str, str]]:
    """Title, text and address for HOME."""
    return [(say(WARNINGS[name][0]), say(WARNINGS[name][1]), url_for("operations.index")) for name in names]
