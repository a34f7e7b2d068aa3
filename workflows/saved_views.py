"""Saved views: a list's search, filters and order under a name, as a tab of one person or of the whole team.

Whoever made a view changes it; owners may take out shared ones of others too. What a view shows is decided by the list
when it is opened, so a view never shows anybody more than the list does.
"""

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from foundation.db import db
from models import SavedView, Staff, StaffRole
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed
from workflows.permissions import Permission

#: of one person in one list
MOST = 20
LONGEST_NAME, LONGEST_ARGUMENTS = 40, 2_000


#: how many there are for the person `me` at the list `list_name`: counted along with the menu's badges, because most
#: lists have none and need no query of their own then
COUNT = sa.select(sa.func.count()).where(
    SavedView.list_name == sa.bindparam("list_name", type_=sa.String),
    sa.or_(SavedView.staff_id == sa.bindparam("me", type_=sa.Integer), SavedView.is_shared.is_(True)),
)


def of_list(list_name: str, *, actor: Actor) -> list[SavedView]:
    """The views of this list that the person sees: their own in their order, then those that others share, by name."""
    if actor.staff is None:
        return []
    own = SavedView.staff_id == actor.staff.id
    wanted = sa.select(SavedView).where(SavedView.list_name == list_name, sa.or_(own, SavedView.is_shared.is_(True)))
    found = db.session.scalars(wanted.order_by(SavedView.position, SavedView.id))
    mine = actor.staff.id
    return sorted(found, key=lambda v: (v.staff_id != mine, v.name.casefold() if v.staff_id != mine else ""))


def save(list_name: str, name: str, arguments: str, *, is_shared: bool, actor: Actor) -> SavedView:
    """Keep a view as the person's last tab of the list.

    Refused (Invalid): no name or a long one, a name that the person has given already, nothing to keep, more than 20.
    """
    staff = _staff(actor)
    named = _name(name)
    if not arguments or len(arguments) > LONGEST_ARGUMENTS:
        raise Invalid("nothing_kept", N_("Search, filter or sort the list first, then save what you see."))
    own = [v for v in of_list(list_name, actor=actor) if v.staff_id == staff.id]
    _check_free(own, named)
    if len(own) >= MOST:
        raise Invalid("too_many", N_("You have %(n)s views of this list. Remove one first."), n=MOST)
    last = max((v.position for v in own), default=0)
    view = SavedView(
        staff_id=staff.id, list_name=list_name, name=named, arguments=arguments, is_shared=is_shared, position=last + 1
    )
    db.session.add(view)
    _flush(named)
    return view


def change(view: SavedView, name: str, *, is_shared: bool, actor: Actor) -> None:
    """Give one's own view another name, share it or keep it to oneself; refusals as above."""
    staff = _staff(actor)
    if view.staff_id != staff.id:
        raise NotAllowed("not_yours", N_("Only who made a view can change it."))
    named = _name(name)
    own = [v for v in of_list(view.list_name, actor=actor) if v.staff_id == staff.id and v is not view]
    _check_free(own, named)
    view.name, view.is_shared = named, is_shared
    _flush(named)


def remove(view: SavedView, *, actor: Actor) -> None:
    """Take out one's own view, or as an owner a shared one."""
    if not may_remove(view, actor=actor):
        raise NotAllowed("not_yours", N_("Only who made a view, or an owner, can remove it."))
    db.session.delete(view)
    db.session.flush()


def may_remove(view: SavedView, *, actor: Actor) -> bool:
    """Is it the person's own, or a shared one and they are an owner?"""
    staff = _staff(actor)
    return view.staff_id == staff.id or (view.is_shared and staff.role is StaffRole.OWNER)


def move_up(view: SavedView, *, actor: Actor) -> None:
    """One place further to the front among one's own; the first one stays."""
    staff = _staff(actor)
    own = [v for v in of_list(view.list_name, actor=actor) if v.staff_id == staff.id]
    if view not in own:
        raise NotAllowed("not_yours", N_("Only who made a view can change it."))
    at = own.index(view)
    own[max(at - 1, 0)], own[at] = own[at], own[max(at - 1, 0)]
    for position, one in enumerate(own, 1):
        one.position = position
    db.session.flush()


def _staff(actor: Actor) -> Staff:
    actor.require(Permission.OFFICE)
    if actor.staff is None:
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))
    return actor.staff


def _name(name: str) -> str:
    named = " ".join(name.replace("\0", "").split())
    if not named:
        raise Invalid("no_name", N_("Give the view a name."), field="name")
    if len(named) > LONGEST_NAME:
        raise Invalid("long_name", N_("At most %(n)s letters, so that it fits on a tab."), field="name", n=LONGEST_NAME)
    return named


def _check_free(own: list[SavedView], named: str) -> None:
    if any(v.name.casefold() == named.casefold() for v in own):
        raise _taken(named)


def _taken(named: str) -> Invalid:
    return Invalid("name_taken", N_("You have a view “%(name)s” of this list already."), field="name", name=named)


def _flush(named: str) -> None:
    """The database has the last word when two tabs save the same name at once."""
    try:
        with db.session.begin_nested():
            db.session.flush()
    except IntegrityError as taken:
        raise _taken(named) from taken
