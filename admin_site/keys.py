"""The keys of clients' homes: the list of all, giving many out at once, a key with its history, and which are missing."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response
from wtforms import Form

from admin_site import filters, list_address, lookups, rows, search, texts
from admin_site.base import Answer, OfficeList
from admin_site.bulk import MOST_TICKED, bulk
from admin_site.forms import Section
from admin_site.list_address import Pill
from admin_site.pages import press
from admin_site.people import OF_CLIENT, client_link
from admin_site.reading import read_id, read_ids
from admin_site.rows import Column
from foundation import clock
from foundation.db import db
from models import Key, KeyMove, KeyPlace, Staff
from sign_in import current_actor
from workflows import key_codes, key_facts, keys, once, settings
from workflows.actors import Actor
from workflows.errors import WorkflowError
from workflows.permissions import Permission

#: lines of a key's history before "the whole history"
MOST_MOVES = 4
_CHIPS = {KeyPlace.OFFICE: "ok", KeyPlace.STAFF: "info", KeyPlace.CLIENT: "mute", KeyPlace.LOST: "late"}


def register(admin: Admin) -> None:
    """Add the list to the back office."""
    admin.add_view(KeyList(Key, "keys", "/admin/keys"))


def where(key: Key) -> str:
    """`With Nina Novak`, `At the office`."""
    words = texts.key_place(key.place, str(key.holder or ""))
    return words[:1].upper() + words[1:]


def chip(key: Key) -> tuple[str, str]:
    """Where a key is as a chip; who has left the team and still has it stands out."""
    if key.retired_at is not None:
        return "mute", gettext("Retired")
    left = key.holder is not None and not key.holder.is_active
    return ("late", gettext("With %(name)s, who has left", name=str(key.holder))) if left else (_CHIPS[key.place], where(key))  # fmt: skip


def move_words(move: KeyMove) -> str:
    """`From the office to Nina Novak`, `Lost, it was with Nina Novak`: one line of the history."""
    to, was = _whose(move.place, move.holder), _whose(move.from_place, move.from_holder)
    if move.from_place is None:
        return gettext("Taken in: %(to)s", to=texts.key_place(move.place, str(move.holder or "")))
    if move.place is KeyPlace.LOST:
        return gettext("Lost, it was %(where)s", where=texts.key_place(move.from_place, str(move.from_holder or "")))
    if move.from_place is KeyPlace.LOST:
        return gettext("Found again, given to %(to)s", to=to)
    return gettext("From %(was)s to %(to)s", was=was, to=to)


def _whose(place: KeyPlace | None, holder: Staff | None) -> str:
    return str(holder) if holder is not None else gettext("the office") if place is KeyPlace.OFFICE else gettext("the client")  # fmt: skip


def moves_of(key_ids: Sequence[int], most: int | None = MOST_MOVES) -> dict[int, list[KeyMove]]:
    """The last ways of these keys, the latest first; one query."""
    place = sa.func.row_number().over(partition_by=KeyMove.key_id, order_by=KeyMove.id.desc()).label("place")
    ranked = sa.select(KeyMove.id, place).where(KeyMove.key_id.in_(key_ids)).subquery()
    wanted = sa.select(KeyMove).join(ranked, ranked.c.id == KeyMove.id).order_by(KeyMove.id.desc())
    if most is not None:
        wanted = wanted.where(ranked.c.place <= most)
    found: dict[int, list[KeyMove]] = {key_id: [] for key_id in key_ids}
    for move in db.session.scalars(
        wanted.options(joinedload(KeyMove.holder), joinedload(KeyMove.from_holder), joinedload(KeyMove.by_staff))
    ):
        found[move.key_id].append(move)
    return found


def places() -> list[tuple[str, str]]:
    """Where a key can go, for a select: the office, the client, lost, or one of the team."""
    people = db.session.scalars(sa.select(Staff).where(Staff.is_active).order_by(Staff.first_name, Staff.last_name))
    return [
        ("office", gettext("The office")), *((f"staff-{s.id}", str(s)) for s in people),
        ("client", gettext("The client (given back)")), ("lost", gettext("Lost")),
    ]  # fmt: skip


def of_client(client_id: int) -> dict[str, Any]:
    """What the client's tab shows: the keys in use, then the retired ones, each with its last ways. Four queries."""
    found = db.session.scalars(
        sa.select(Key)
        .where(Key.client_id == client_id)
        .options(joinedload(Key.holder))
        .order_by(Key.retired_at.is_not(None), Key.reference, Key.id)
    ).all()
    moves = moves_of([k.id for k in found])
    return {
        "keys": found, "moves": moves, "places": places(), "key_chip": chip, "move_words": move_words, "form_key": once.new_key(),
        "may_give": current_actor().may(Permission.KEYS), "now_at": now_at,
    }  # fmt: skip


def now_at(key: Key) -> str:
    """A key's place as the select names it."""
    return f"staff-{key.holder_id}" if key.holder_id else key.place.value


def snapshot_words(n_keys: int, n_out: int, n_lost: int, *, not_needed: bool) -> str:
    """The client's keys in the blue panel."""
    if not n_keys:
        return gettext("none needed") if not_needed else gettext("none")
    words = [ngettext("%(num)d key", "%(num)d keys", n_keys)]
    if n_out:
        words.append(gettext("%(n)s with the team", n=n_out))
    if n_lost:
        words.append(gettext("%(n)s lost", n=n_lost))
    return ", ".join(words)


def n_of_client(client_id: Any) -> tuple[Any, Any, Any]:
    """Columns for a query about a client: how many keys in use, with the team, lost."""
    count = sa.select(sa.func.count(Key.id)).where(Key.client_id == client_id, Key.retired_at.is_(None))
    return (
        count.scalar_subquery(),
        count.where(Key.place == KeyPlace.STAFF).scalar_subquery(),
        count.where(Key.place == KeyPlace.LOST).scalar_subquery(),
    )


def _read_place(text: str) -> tuple[KeyPlace, Staff | None]:
    """What the select sent; 404 for what it does not offer."""
    if text.startswith("staff-"):
        holder_id = read_id(text.removeprefix("staff-"))
        return KeyPlace.STAFF, (db.session.get(Staff, holder_id) if holder_id else None) or abort(404)
    if text not in set(KeyPlace) - {KeyPlace.STAFF}:
        abort(404)
    return KeyPlace(text), None


def _in_use(*more: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.and_(Key.retired_at.is_(None), *more)


class KeyList(OfficeList):
    """The Key Management report: which keys there are, who has them, since when."""

    writing = Permission.KEYS
    title, add_label = _l("Keys"), _l("Add key")
    list_template = "admin/keys/list.html"
    details_template = "admin/keys/details.html"
    empty = ("dog", _l("No keys yet"), _l("Note each client's key with the code on its tag. Then you see who has it."))
    search_hint = _l("Code, client or account number")
    default_order = (Key.reference, Key.id)
    list_options = (
        joinedload(Key.client).load_only(*OF_CLIENT),
        joinedload(Key.holder).load_only(Staff.first_name, Staff.last_name, Staff.is_active),
    )
    record_options = (joinedload(Key.client), joinedload(Key.holder))
    pills = (
        Pill("all", _l("All"), _in_use),
        Pill("team", _l("With the team"), lambda: _in_use(Key.place == KeyPlace.STAFF)),
        Pill("office", _l("At the office"), lambda: _in_use(Key.place == KeyPlace.OFFICE)),
        Pill("client", _l("Given back"), lambda: _in_use(Key.place == KeyPlace.CLIENT)),
        Pill("lost", _l("Lost"), lambda: _in_use(Key.place == KeyPlace.LOST)),
        Pill("left", _l("With people who left"), lambda: _in_use(Key.holder.has(Staff.is_active.is_(False)))),
        Pill("retired", _l("Retired"), lambda: Key.retired_at.is_not(None)),
    )
    columns = (
        Column("reference", _l("Code"), sort=(Key.reference, Key.id)),
        Column("client", _l("Client"), value=lambda k: str(k.client), show=lambda k: client_link(k.client)),
        Column("name", _l("Key")),
        Column("place", _l("Where it is"), value=where, show=lambda k: rows.chip(*chip(k)), sort=(Key.place, Key.holder_id, Key.id)),
        Column("moved_at", _l("Since"), value=lambda k: clock.to_local(k.moved_at).date() if k.moved_at else None, sort=(Key.moved_at, Key.id)),
        Column("retired_at", _l("Retired"), hidden=True),
        # Where the lock is, and its tricks: in no file.
        Column("description", _l("Description"), hidden=True, export=False),
    )  # fmt: skip
    filters = (
        filters.sitter(Key.holder_id, _l("With"), may_be_nobody=False),
        *filters.client_filters(Key.client_id),
    )
    fixed = ("client",)
    sections = (Section(_l("Key"), ("client", ("name", "reference"), "description")),)
    form_ajax_refs = {"client": lookups.client("client")}
    form_args = {
        "client": {"label": _l("Client")},
        "name": {"label": _l("Which key"), "description": _l("Such as Front door.")},
        "reference": {"label": _l("Code on the tag"), "description": _l("Yours, or the one that is proposed. Never the client's name or address: whoever finds the key could use it.")},
        "description": {"label": _l("Description"), "description": _l("Only the office reads it. It is in no mail and no file.")},
    }  # fmt: skip

    def find(self, text: str) -> Any:
        by_code = search.plain(Key.reference, Key.name)(text)
        return sa.or_(by_code, Key.client.has(search.clients(text)))

    def record_name(self, record: Key) -> str:
        return f"{record.reference}, {record.name}"

    def prefill(self, form: Form) -> None:
        super().prefill(form)
        form["reference"].data = key_codes.unused_reference()

    def add(self, values: dict[str, Any], actor: Actor) -> Key:
        return keys.add(values["client"], values, actor=actor)

    def change(self, record: Key, values: dict[str, Any], actor: Actor) -> None:
        keys.edit(record, values, actor=actor)

    def remove(self, record: Key, actor: Actor) -> None:
        keys.remove(record, actor=actor)

    def details_context(self, record: Key) -> dict[str, Any]:
        whole = request.args.get("history") == "all"
        found = moves_of([record.id], None if whole else MOST_MOVES + 1)[record.id]
        return {
            "history": found if whole else found[:MOST_MOVES], "has_more": not whole and len(found) > MOST_MOVES,
            "places": places(), "now_at": now_at(record), "move_words": move_words, "form_key": once.new_key(),
            "may_give": self.actor.may(Permission.KEYS),
        }  # fmt: skip

    def record_actions(self, record: Key) -> list[Any]:
        """Its own page has a form for where it goes."""
        return []

    def list_context(self, wanted: list_address.Wanted) -> dict[str, Any]:
        return {"left": key_facts.with_people_who_left()}

    # ------------------------------------------------------------------ giving out
    @bulk("assign", _l("Give to, take back"), permission=Permission.KEYS)
    def action_assign(self, records: Sequence[Key]) -> str:
        """Ask where the ticked keys go."""
        return self._ask_where(records, self.return_url())

    def _ask_where(self, records: Sequence[Key], back: str, *, to: str = "", note: str = "", problem: str = "") -> str:
        return render_template(
            "office/keys_assign.html", keys=records, places=[p for p in places() if p[0] != "lost"], back=back, to=to,
            note=note, problem=problem, form_key=once.new_key(), where=where,
        )  # fmt: skip

    @expose("/assigning/", methods=("POST",))
    def assign(self) -> Answer:
        """Move the ticked keys, all or none."""
        self._may_write()
        records = self.ticked(read_ids(request.form.getlist("rowid"))[:MOST_TICKED]) or abort(404)
        place, holder = _read_place(request.form.get("to", ""))
        back, note = self.return_url(), request.form.get("note", "")
        try:
            once.claim(request.form.get("form_key"))
            n = keys.bulk_assign(records, place, holder, actor=self.actor, note=note)
            db.session.commit()
        except WorkflowError as problem:
            db.session.rollback()
            asked = self._ask_where(records, back, to=request.form["to"], note=note, problem=problem.say(gettext))
            return asked, 409 if problem.code == "sent_twice" else 422
        flash(ngettext("%(num)d key was moved.", "%(num)d keys were moved.", n), "success")
        return redirect(back, 303)

    @expose("/moving/", methods=("POST",))
    def move(self) -> Response:
        """Give one key to somebody, or take it back."""
        self._may_write()
        record = self.asked_record()
        place, holder = _read_place(request.form.get("to", ""))

        def work() -> None:
            once.claim(request.form.get("form_key"))
            keys.move(
                record, place, holder, actor=self.actor, note=request.form.get("note", ""),
                seen_version=read_id(request.form.get("version")),
            )  # fmt: skip

        return press(work, gettext("Noted."), self.origin() or f"{self.url}/details/?id={record.id}")

    @expose("/retiring/", methods=("POST",))
    def retire(self) -> Response:
        """The key is not ours any more; or counts again."""
        self._may_write()
        record, back = self.asked_record(), self.origin() or f"{self.url}/details/?id={request.form.get('id')}"
        if "restore" in request.form:
            return press(lambda: keys.restore(record, actor=self.actor), gettext("The key is in use again."), back)
        seen = read_id(request.form.get("version"))
        return press(lambda: keys.retire(record, actor=self.actor, seen_version=seen), gettext("The key is retired."), back)  # fmt: skip

    def _may_write(self) -> None:
        if not self.actor.may(self.writing):
            abort(403)

    # ------------------------------------------------------------------ what is missing
    @expose("/required/")
    def required(self) -> str:
        """Which sitters still have to get which keys in the next days, by sitter and day."""
        missing = sorted(keys.required_soon(), key=lambda m: (m.sitter, m.sitter_id))
        return render_template(
            "office/keys_required.html", days=settings.read()["keys.days"], place_words=texts.key_place,
            people=[(name, list(own)) for (_id, name), own in groupby(missing, key=lambda m: (m.sitter_id, m.sitter))],
            may_give=self.actor.may(self.writing), here=url_for(".required"), form_key=once.new_key,
        )  # fmt: skip


def todo_words() -> tuple[str, str, str] | None:
    """The row of HOME: title, text, address; None when everybody has the keys that they need."""
    missing = keys.required_soon(with_keys=False)
    if not missing:
        return None
    n = len({(m.client_id, m.sitter_id) for m in missing})
    title = ngettext("%(num)d key still required", "%(num)d keys still required", n)
    first = missing[0]
    text = gettext(
        "The first is %(day)s: %(sitter)s has no key of %(client)s.",
        day=texts.day_words(max(first.on_date, clock.today()), inside=True), sitter=first.sitter, client=first.client,
    )  # fmt: skip
    return title, text, url_for("keys.required")


def left_words() -> tuple[str, str, str] | None:
    """The row of HOME about keys that somebody took along who is not in the team any more."""
    left = key_facts.with_people_who_left()
    if not left:
        return None
    n = sum(count for _id, _name, count in left)
    title = ngettext("%(num)d key is with somebody who left", "%(num)d keys are with people who left", n)
    names = ", ".join(name for _id, name, _n in left[:3])
    return title, gettext("Ask for them back: %(names)s.", names=names), url_for("keys.index_view", view="left")
