"""The frame of every back office page: the menu, the red badge, the search, who is signed in."""

import datetime as dt
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app, g, has_request_context, request, url_for
from flask_babel import gettext, ngettext

from admin_site import change_queue, help_pages, letters, neighbours, proposals, sitter_messages, texts, time_off, words
from admin_site.menu_entries import BELONGS_TO, MENU, Entry
from admin_site.reading import initials, link
from foundation import clock, money
from foundation.db import db, has_written
from foundation.fixed import fixed
from models import StaffRole
from sign_in import bring_along, current_actor, current_sign_in
from ui_kit.formats import language
from ui_kit.frames import Link, NavGroup, NavItem, OfficeFrame
from workflows import (
    api_tokens,
    field_deciding,
    job_requests,
    list_columns,
    registrations,
    saved_views,
    settings,
    sign_ins,
)
from workflows.actors import Actor
from workflows.billing import modes
from workflows.letters import CLIENTS_UNREAD
from workflows.permissions import ROLE_PERMISSIONS, Permission
from workflows.sitter_messages import SITTERS_UNREAD
from workflows.time_off import SITTERS_WAITING

#: frames that a process keeps, of some kilobytes each; then it begins afresh
MOST_KEPT = 200


def install(app: Flask) -> None:
    """Give the templates of /admin their `office` frame and the key `nav` of the active menu entry."""
    bring_along(app, _along_with_sign_in)
    app.jinja_env.filters.setdefault("money", money_words)
    app.jinja_env.globals["office_words"] = texts
    app.jinja_env.globals["office_word"] = words.word
    app.jinja_env.globals["tabs_here"] = neighbours.tabs_here

    @app.context_processor
    def _frame() -> dict[str, Any]:
        if not has_request_context() or not request.path.startswith("/admin"):
            return {}
        return {"office": here(), "nav": nav(), "page_link": link}


def money_words(amount: Any) -> str:
    """An amount with its sign, as the business's language writes it."""
    return money.show(amount, language())


def nav() -> str:
    """The menu entry that the page asked for belongs to."""
    blueprint = (request.endpoint or "").partition(".")[0]
    return BELONGS_TO.get(blueprint, blueprint)


def here() -> OfficeFrame | None:
    """The frame of this request's page; None where nobody of the team is signed in."""
    if "office_frame" not in g:
        user = current_sign_in()
        read = user.read_staff if user is not None else None
        g.office_frame = _kept(user.actor, read.role) if user is not None and read is not None else None
    found: OfficeFrame | None = g.office_frame
    return found


def _kept(actor: Actor, role: StaffRole) -> OfficeFrame:
    """The person's frame, made once for as long as all that goes into it is the same.

    What they may is the table's part and what the owner ticked, which is read with the settings: their serial stands for both.
    """
    blueprint = request.blueprint or ""
    key = (
        settings.read().serial, actor.staff_id, actor.name, ROLE_PERMISSIONS[role], role, _waiting()[:6], language(),
        request.script_root, current_app.extensions["gateway"].mode(),
        help_pages.url_for_page(blueprint, BELONGS_TO.get(blueprint, blueprint)),
    )  # fmt: skip
    frames: dict[Any, OfficeFrame] = current_app.extensions.setdefault("office_frames", {})
    found = frames.get(key)
    if found is None:
        if len(frames) >= MOST_KEPT:
            frames.clear()
        found = frames[key] = replace(office_frame(actor), key=key)
    return found


def office_frame(actor: Actor) -> OfficeFrame:
    """The frame for this person: what they may open, and what waits."""
    values = settings.read()
    name = actor.name
    blueprint = request.blueprint or ""
    return OfficeFrame(
        business_name=values["business.name"],
        user_name=name,
        user_initials=initials(name),
        groups=_groups(actor),
        home_url=url_for("admin.index"),
        logout_url=url_for("office_door.log_out"),
        logo_url=url_for("logo", key=values["business.logo"]) if values["business.logo"] else None,
        search_url=link("global_search.show"),
        search_label=gettext("Search"),
        keys_url=link("global_search.keys"),
        help_url=help_pages.url_for_page(blueprint, BELONGS_TO.get(blueprint, blueprint)),
        new_items=new_items(actor),
        account_menu=[
            NavItem("office_account", gettext("Your account"), "user-circle", url_for("office_account.index"))
        ],
        demo_note=_demo_note(),
    )


def _demo_note() -> str | None:
    """What every page says while no money moves."""
    note = modes.note(current_app.extensions["gateway"].mode())
    return gettext(note) if note else None


def n_clients_waiting() -> int:
    """The red badge."""
    return _waiting()[0]


def n_clients_with_changes() -> int:
    """The badge of the change requests; job requests have their own."""
    return _waiting()[1]


_BADGES = (
    job_requests.CLIENTS_WAITING.scalar_subquery(),
    change_queue.CLIENTS_WITH_CHANGES.scalar_subquery(),
    field_deciding.CLIENTS_WAITING.scalar_subquery(),
    CLIENTS_UNREAD.scalar_subquery(),
    SITTERS_WAITING.scalar_subquery(),
    SITTERS_UNREAD.scalar_subquery(),
    saved_views.COUNT.scalar_subquery(),
    list_columns.CHOSEN.scalar_subquery(),
)
#: they stand on every page, so the statements are built once. Were the states values, PostgreSQL would plan it anew each
#: time, which takes twice as long as the answer.
_ALONE, _WITH_SIGN_IN = fixed(sa.select(*_BADGES)), sign_ins.with_more(_BADGES)
#: what is asked for by pages that have their frame, besides pieces of a page (htmx): these show no badge
_PIECES = frozenset({"board.visits", "admin.live", "global_search.quick", "office_help.picture"})


def _along_with_sign_in() -> tuple[sa.Select[Any], dict[str, Any]] | None:
    """The badges come with the sign-in for whoever asks for a page; what changes something counts them when it is done."""
    endpoint = request.endpoint or ""
    is_page = request.method == "GET" and request.path.startswith("/admin") and "HX-Request" not in request.headers
    if not is_page or endpoint in _PIECES or endpoint.endswith(".ajax_lookup"):
        return None
    g.badges_of = clock.today()
    return _WITH_SIGN_IN, {"today": g.badges_of, "list_name": endpoint.partition(".")[0]}


def n_sitters_waiting() -> int:
    """The badge of the time off."""
    return _waiting()[4]


def n_saved_views() -> int:
    """How many saved views the list that is open has for this person."""
    return _waiting()[6]


def own_columns() -> str:
    """The columns that this person chose for the list that is open, "" for its own."""
    return _waiting()[7] or ""


def _waiting() -> tuple[Any, ...]:
    """Counted once a request, with one query."""
    if "clients_waiting" not in g:
        user, today = current_sign_in(), clock.today()
        # The business's day may have been another's before its settings were read with the sign-in.
        if user is not None and g.get("badges_of") == today and not has_written():
            g.clients_waiting = tuple(user.read.household)
        else:
            g.clients_waiting = _counted(today)
    counted: tuple[Any, ...] = g.clients_waiting
    return counted


def outstanding(n_clients: int) -> str:
    """The sentence of HOME and of the badge."""
    return ngettext(
        "%(num)d client with outstanding job requests", "%(num)d clients with outstanding job requests", n_clients
    )


def _counted(today: dt.date) -> tuple[Any, ...]:
    asked = {
        "today": today, "list_name": (request.endpoint or "").partition(".")[0], "me": current_actor().staff_id,
    }  # fmt: skip
    # Some of what is counted names entities: through the session it would go their long way.
    return tuple(db.session.connection().execute(_ALONE, asked).one())


def menu(actor: Actor) -> list[NavGroup]:
    """The menu without badges: it is the same for everybody who may the same, so it is made once for them; it took an
    eighth of a list page's time."""
    may = frozenset(p for p in Permission if actor.may(p))
    key = (may, language(), request.script_root, registrations.is_open(), api_tokens.is_on())
    menus: dict[Any, list[NavGroup]] = current_app.extensions.setdefault("office_menus", {})
    if key not in menus:
        menus[key] = _plain_groups(actor)
    return menus[key]


def _groups(actor: Actor) -> list[NavGroup]:
    """The menu with its badges."""
    in_requests, in_changes, in_proposals, in_letters, off, in_messages, *_of_the_list = _waiting()
    counts = {
        "requests": (in_requests, outstanding),
        "changes": (in_changes, change_queue.waiting_words),
        "proposals": (in_proposals, proposals.waiting_words),
        "letters": (in_letters, letters.unread_words),
        "sitter_messages": (in_messages, sitter_messages.unread_words),
        "time_off": (off, time_off.waiting_words),
    }
    return [NavGroup(group.heading, [_with_badge(item, counts) for item in group.items]) for group in menu(actor)]


def _with_badge(item: NavItem, counts: dict[str, Any]) -> NavItem:
    if item.key not in counts:
        return item
    n, words = counts[item.key]
    return replace(item, count=n, count_label=words(n)) if n else item


def _plain_groups(actor: Actor) -> list[NavGroup]:
    groups = []
    for heading, entries in MENU:
        items = [
            _item(entry)
            for entry in entries
            if actor.may(entry.permission) and _is_open(entry) and not _stands_with_another(entry, actor)
        ]
        if items:
            groups.append(NavGroup(gettext(heading) if heading else None, items))
    return groups


def _stands_with_another(entry: Entry, actor: Actor) -> bool:
    """Taking everything out is a tab beside the imports for whoever may open these."""
    return entry.key == "archives" and actor.may(Permission.IMPORT)


def _is_open(entry: Entry) -> bool:
    """Does the page exist, and does its view let this person in?"""
    if f"{entry.key}.{entry.view}" not in current_app.view_functions:
        return False
    if entry.key == "registrations" and not registrations.is_open():
        return False
    if entry.key == "connections" and not api_tokens.is_on():
        return False
    views = {v.endpoint: v for admin in current_app.extensions.get("admin", []) for v in admin._views}  # noqa: SLF001 -- Flask-Admin has no other list
    view = views.get(entry.key)
    return view is None or bool(view.is_accessible())


def _item(entry: Entry) -> NavItem:
    return NavItem(entry.key, gettext(entry.label), entry.icon, url_for(f"{entry.key}.{entry.view}"))


def new_items(actor: Actor) -> list[Link]:
    """What this person may add from every page."""
    wanted = (
        (gettext("New client"), "clients.create_view", "user-plus", Permission.CLIENTS),
        (gettext("Book visits"), "visits_page.book", "calendar-plus", Permission.SCHEDULE),
    )
    return [
        Link(label, url_for(endpoint), icon)
        for label, endpoint, icon, permission in wanted
        if actor.may(permission) and endpoint in current_app.view_functions
    ]
