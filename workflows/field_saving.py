"""Saving what was typed on a page of fields, for one client, pet or staff member, and telling about it.

Two people may have the same page open: each field is compared with what the form was based on, so they only meet where
both changed the same one, and then nothing is saved and both answers are shown. Proposals are in `field_proposals`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm.attributes import flag_modified

from foundation import clock
from foundation.db import begin_writing, db
from models import Client, CustomField, FieldPage, FieldSection, FieldValue, Pet, PortalAccess, Staff, StoredFile
from workflows import activity, field_news, field_proposals, field_values, people
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid, NotAllowed
from workflows.field_kinds import COLUMNS, Owner, Person, Value, clean, is_needed, keys_of, mark
from workflows.field_layout import Layout, PlacedField, layout, narrowest_portal
from workflows.field_news import Change
from workflows.field_values import Values, area_of, client_of
from workflows.locks import lock_client
from workflows.permissions import Permission

#: as many fields as anybody could mean to send at once
MAX_FIELDS = 1000


@dataclass(frozen=True)
class Saved:
    """What saving came to."""

    changed: tuple[Change, ...] = ()
    #: these wait for the office's yes
    proposed: tuple[Change, ...] = ()
    #: what waited for the office's yes and was taken back, by typing what the field holds
    withdrawn: tuple[CustomField, ...] = ()
    #: the labels of what was typed into fields that the office took away, or closed, while the form was open
    gone: tuple[str, ...] = ()
    #: the labels of what was typed into fields that these answers do not ask for: they keep what they had
    unasked: tuple[str, ...] = ()


class Unfit(Invalid):
    """Some fields cannot be saved like this; `problems` has a refusal for each, by public id."""

    def __init__(self, problems: Mapping[str, Invalid]) -> None:
        self.problems = dict(problems)
        super().__init__("fields_unfit", N_("Some answers need another look. Nothing is saved yet."))


@dataclass(frozen=True)
class Clash:
    """A field that two people changed."""

    field: CustomField
    theirs: Value
    mine: Value


class Crossed(Conflict):
    """Somebody changed the same fields meanwhile; `clashes` has both answers. Nothing was saved."""

    def __init__(self, clashes: tuple[Clash, ...]) -> None:
        self.clashes = clashes
        super().__init__("fields_crossed", N_("Somebody else changed the same details meanwhile. Nothing is lost."))


def save(owner: Person, raw: Mapping[str, object], *, actor: Actor, seen: Mapping[str, str] | None = None) -> Saved:
    """Save what was typed: field's public id to text (a list for a multi-choice, a StoredFile for a file).

    `seen` has the `mark` of what each field held when the form was made; without it nothing is compared. Fields that
    are not in `raw` stay as they are; so do those that the actor may not edit, whatever was sent for them. In order:
    takes the client's lock (a staff member's row) and reads afresh, writes the values, turns changes of fields that
    need approval into proposals, raises the owner's version, logs field, old and new (secrets masked) and, when a
    client did it, tells the office on HOME.

    Fields that are not asked for, by the answers, keep what they had and are not required. Required fields must be
    filled in by clients; the office may not know yet. Refused with nothing saved: Unfit with all problems; Crossed
    when somebody else changed the same fields meanwhile; NotAllowed for who has no business with this owner.
    """
    _require_own(owner, actor)
    _lock(owner)
    _hold(raw)
    placed = layout(area_of(owner), species=owner.species if isinstance(owner, Pet) else None)
    values = field_values.read(owner, with_pending=True)
    form = _Form(owner, placed, values, actor, raw, seen)
    form.read()
    if form.problems:
        raise Unfit(form.problems)
    changes = form.changes()
    if form.clashes:
        raise Crossed(tuple(form.clashes))
    proposed = tuple(c for c in changes if c.field.needs_approval and actor.is_client)
    changed = tuple(c for c in changes if c not in proposed)
    if changed:
        write(values, changed)
        # Also when no column of ours changed: whoever has the record open must notice.
        flag_modified(owner, "name" if isinstance(owner, Pet) else "first_name")
        db.session.flush()
        _log(owner, changed, actor)
    really = tuple(c for c in proposed if field_proposals.propose(owner, c, values, actor=actor))
    if actor.is_client:
        field_news.tell(owner, changed)
    db.session.flush()
    back = tuple(c.field for c in proposed if c not in really)
    return Saved(changed, really, back, form.gone(), tuple(form.unasked))


def may_edit(placed: PlacedField, *, actor: Actor) -> bool:
    """May the actor fill in this field, of an owner that is theirs?

    Clients what page, section and field open for editing; a staff member who looks at a client's portal the same, but
    no secrets. The office everything, secrets with the permission to see them.
    """
    if actor.is_client:
        return placed.portal is PortalAccess.EDIT and not (placed.field.is_secret and actor.on_behalf)
    return not placed.field.is_secret or actor.may(Permission.SECRETS)


def standing(values: Values, of: CustomField, *, actor: Actor) -> Value:
    """What a form for this actor is based on: what is filled in, or what a client has proposed in its place."""
    return values.proposed(of) if actor.is_client and values.is_pending(of) else values.of(of)


def _require_own(owner: Person, actor: Actor) -> None:
    client = client_of(owner)
    if actor.is_client:
        if client is None or actor.client is None or client.id != actor.client.id:
            raise NotAllowed("not_yours", N_("This is not yours to change."))
        return
    actor.require(Permission.STAFF if client is None else Permission.CLIENTS)


def _lock(owner: Person) -> None:
    client = client_of(owner)
    if client is not None:
        lock_client(client.id)
    else:
        begin_writing()
        db.session.execute(sa.select(Staff.id).where(Staff.id == owner.id).with_for_update())
    db.session.refresh(owner)


def _hold(raw: Mapping[str, object]) -> None:
    """Read the fields afresh, and let nobody make one a secret, or an open one of it, until the commit."""
    keys = [key for key in list(raw)[:MAX_FIELDS] if re.fullmatch(r"[A-Za-z0-9_-]{1,16}", key)]
    held = sa.select(CustomField).where(CustomField.public_id.in_(keys)).order_by(CustomField.id)
    db.session.scalars(held.with_for_update(read=True).execution_options(populate_existing=True)).all()


@dataclass
class _Form:
    """What was sent, against what is there."""

    owner: Person
    layout: Layout
    values: Values
    actor: Actor
    raw: Mapping[str, object]
    seen: Mapping[str, str] | None
    new: dict[str, Value] = field(default_factory=dict)
    problems: dict[str, Invalid] = field(default_factory=dict)
    clashes: list[Clash] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)

    def base(self, key: str) -> Value:
        return standing(self.values, self.layout.fields[key].field, actor=self.actor)

    def read(self) -> None:
        """Read all fields that the actor may edit, sort out those not asked for, and look for what is missing."""
        given = [k for k, p in self.layout.fields.items() if k in self.raw and may_edit(p, actor=self.actor)]
        for key in given:
            try:
                self.new[key] = clean(
                    self.layout.fields[key].field, self.raw[key], owner=self.owner, now=self.base(key)
                )
            except Invalid as problem:
                self.problems[key] = problem
        told = {key: keys_of(value) for key, value in self.new.items()}
        asked = self.layout.asked({**self.values.answers(self.layout), **told})
        for key in given:
            label = self.layout.fields[key].field.label
            if key not in asked and (key in self.problems or self.new[key] != self.base(key)):
                self.unasked.append(label)
            if key not in asked:
                self.problems.pop(key, None)
                self.new.pop(key, None)
            elif key not in self.problems and self.new[key] is None and self._must(key):
                self.problems[key] = Invalid("required", N_("Fill this in."), field=key)
        self._check_columns()

    def _must(self, key: str) -> bool:
        of = self.layout.fields[key].field
        column = COLUMNS[of.column] if of.column else None
        return bool(column and column.needed) or (self.actor.is_client and is_needed(of))

    def _check_columns(self) -> None:
        """The rules that the record itself has."""
        if not isinstance(self.owner, Pet):
            return
        columns = {
            column.partition(".")[2]: key
            for key in self.new
            if key not in self.problems and (column := self.layout.fields[key].field.column)
        }
        try:
            people.check_pet({name: self.new[key] for name, key in columns.items()})
        except Invalid as problem:
            self.problems[columns[problem.field or ""]] = problem

    def changes(self) -> list[Change]:
        """What is to be written; where somebody else was first with another answer, a clash."""
        found = []
        for key, new in self.new.items():
            of, old = self.layout.fields[key].field, self.base(key)
            if new == old:
                continue
            sign = None if self.seen is None else self.seen.get(key)
            if sign is None or sign == mark(old):
                found.append(Change(of, old, new))
            elif sign != mark(new):
                self.clashes.append(Clash(of, old, new))
        return found

    def gone(self) -> tuple[str, ...]:
        """The labels of what was typed for fields that clients could fill in when the form was made, but not now."""
        if not self.actor.is_client:
            return ()
        closed = [
            placed.field
            for key, placed in self.layout.fields.items()
            if key in self.raw and placed.portal is PortalAccess.VIEW
        ]
        lost = [*closed, *self._retired()]
        return tuple(of.label for of in lost if not self._is_same(of))

    def _retired(self) -> list[CustomField]:
        keys = [k for k in self.raw if k not in self.layout.fields and re.fullmatch(r"[A-Za-z0-9_-]{1,16}", k)]
        if not keys:
            return []
        rows = db.session.execute(
            sa.select(CustomField, FieldSection, FieldPage)
            .join(CustomField.section)
            .join(FieldSection.page)
            .where(CustomField.public_id.in_(keys[:MAX_FIELDS]), FieldPage.area == area_of(self.owner))
            .where(sa.or_(*(kind.retired_at.is_not(None) for kind in (CustomField, FieldSection, FieldPage))))
            .order_by(CustomField.id)
        )
        levels = [(f, narrowest_portal(f.portal_access, s.portal_access, p.portal_access)) for f, s, p in rows]
        return [of for of, level in levels if level is not PortalAccess.HIDDEN]

    def _is_same(self, of: CustomField) -> bool:
        held = self.values.of(of)
        try:
            return clean(of, self.raw[of.public_id], owner=self.owner, now=held) == held
        except Invalid:
            return False


def write(values: Values, changed: Sequence[Change]) -> None:
    """Put the new values into their rows; files that they held are taken away. The caller answers for the rest."""
    owner, added = values.owner, []
    for change in changed:
        of, held = change.field, values.held.get(change.field.id)
        if isinstance(change.old, StoredFile):
            change.old.removed_at = clock.now()
        if of.column:
            name = of.column.partition(".")[2]
            nullable = type(owner).__table__.c[name].nullable
            setattr(owner, name, change.new if change.new is not None or nullable else "")
            continue
        row = held.row if held else FieldValue(field_id=of.id, **{field_values.owner_column(owner): owner.id})
        field_values.put(row, of, change.new)
        if held is None:
            added.append({c.name: getattr(row, c.name) for c in FieldValue.__table__.c if c.name != "id"})
    if added:
        # One statement: SQLite would take one for each row if we asked for their ids.
        db.session.execute(sa.insert(FieldValue), added)


def _log(owner: Owner, changed: tuple[Change, ...], actor: Actor) -> None:
    activity.record(
        f"{owner.__tablename__}.changed",
        actor=actor,
        subject=owner,
        client=owner if isinstance(owner, Client) else client_of(owner),
        name=str(owner),
        changes=field_news.in_words(changed),
    )
