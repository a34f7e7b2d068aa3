"""The search of the whole office: a page that works by itself, and the pieces that `palette.js` shows while one types.

What is found says `workflows.search`; this adds the office's own pages and the settings that the person may open.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import g, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext

from admin_site import frame, help_pages
from admin_site.billing_records import invoice_url, note_url
from admin_site.bookings import visit_url
from admin_site.pages import Answer, WorkPage, page
from admin_site.payment_lists import payment_url
from admin_site.people import client_url
from admin_site.reading import link, read_search
from models import SearchKind
from ui_kit import formats
from workflows import search, search_numbers, settings
from workflows.actors import Actor
from workflows.errors import N_
from workflows.permissions import Permission
from workflows.search import Hit
from workflows.search_words import words_in

#: what the pieces show while one types; more is on the page
QUICK = 10
_MOST_PAGES, _MOST_SETTINGS = 4, 4


@dataclass(frozen=True)
class Result:
    """One line: where it leads, and what stands on it."""

    title: str
    detail: str
    url: str
    icon: str
    is_past: bool = False


@dataclass(frozen=True)
class Group:
    """Results of one kind under their heading."""

    title: str
    results: list[Result]


#: kind: heading, icon
_KINDS: dict[str, tuple[str, str]] = {
    search_numbers.REQUEST: (N_("Requests"), "inbox"),
    search_numbers.VISIT: (N_("Visits"), "calendar-check"),
    search_numbers.INVOICE: (N_("Invoices"), "file-invoice"),
    search_numbers.NOTE: (N_("Credit notes"), "receipt"),
    search_numbers.PAYMENT: (N_("Payments"), "cash"),
    search_numbers.REFUND: (N_("Refunds"), "receipt-refund"),
    SearchKind.CLIENT: (N_("Clients"), "user"),
    SearchKind.PET: (N_("Pets"), "paw"),
    SearchKind.CONTACT: (N_("Contacts"), "address-book"),
    SearchKind.VET: (N_("Vets"), "stethoscope"),
    SearchKind.STAFF: (N_("Team"), "users-group"),
    SearchKind.SERVICE: (N_("Services"), "list"),
}
_LISTS = {
    SearchKind.PET: "/admin/pets/details/?id=", SearchKind.VET: "/admin/vets/details/?id=",
    SearchKind.STAFF: "/admin/team/details/?id=", SearchKind.SERVICE: "/admin/services/details/?id=",
}  # fmt: skip


def _url(hit: Hit) -> str:
    match hit.kind:
        case search_numbers.VISIT:
            return visit_url(hit.record_id)
        case search_numbers.INVOICE:
            return invoice_url(hit.record_id)
        case search_numbers.NOTE:
            return note_url(hit.record_id)
        case search_numbers.PAYMENT | search_numbers.REFUND:
            return payment_url(hit.record_id)
        case search_numbers.REQUEST:
            return url_for("request_lines.index_view", view="all", search=hit.detail)
        case SearchKind.CLIENT | SearchKind.CONTACT:
            return client_url(hit.client_id or hit.record_id)
        case _:
            return f"{_LISTS[SearchKind(hit.kind)]}{hit.record_id}"


def groups_of(hits: Iterable[Hit]) -> list[Group]:
    """The hits by kind; the kind of the likeliest hit stands first."""
    by_kind: dict[str, list[Result]] = {}
    for hit in hits:
        icon = _KINDS[hit.kind][1]
        by_kind.setdefault(hit.kind, []).append(Result(hit.title, _detail(hit), _url(hit), icon, hit.is_past))
    return [Group(gettext(_KINDS[kind][0]), results) for kind, results in by_kind.items()]


def _detail(hit: Hit) -> str:
    day = formats.short_day(hit.on_date) if hit.on_date else ""
    return " · ".join(filter(None, [hit.detail, day, gettext("archived") if hit.is_past else ""]))


# ------------------------------------------------------------------------------------------------- the office's own


def office_pages(text: str, actor: Actor) -> list[Result]:
    """Pages of the menu, and what can be added, whose name begins as the words do."""
    entries = [(item.label, item.url, item.icon) for item in frame.new_items(actor)]
    entries += [(item.label, item.url, item.icon) for group in frame.menu(actor) for item in group.items]
    wanted = words_in(text)
    found = [Result(label, "", url, icon) for label, url, icon in entries if _fits(wanted, words_in(label))]
    return found[:_MOST_PAGES]


def office_settings(text: str, actor: Actor) -> list[Result]:
    """Settings whose name the words fit, "settings: tax" too; for who may change settings."""
    if not actor.may(Permission.SETTINGS) or link("settings.page", page="business") is None:
        return []
    wanted = [w for w in words_in(text) if w not in {"settings", "setting"}]
    groups = {group.key: group for group in settings.GROUPS}
    found = []
    for entry in settings.REGISTRY.values():
        group, label = groups[entry.group], gettext(entry.label)
        title = gettext(group.title)
        if actor.may(entry.permission) and _fits(wanted, words_in(label, title)):
            found.append(Result(label, title, url_for("settings.page", page=group.page), "settings"))
    return found[:_MOST_SETTINGS]


def _fits(wanted: list[str], words: list[str]) -> bool:
    """Does each wanted word begin one of the words? Single letters fit nothing."""
    return any(len(w) > 1 for w in wanted) and all(any(word.startswith(w) for word in words) for w in wanted)


# -------------------------------------------------------------------------------------------------------- the pages


class GlobalSearch(WorkPage):
    """The search of everything."""

    @expose("/")
    def show(self) -> Answer:
        """The results as a page."""
        text = read_search(request.args.get("q"))
        groups = self._found(text, search.MOST)
        clients_url = f"{url_for('clients.index_view')}?{urlencode({'view': 'all', 'search': text})}"
        return page("search.html", q=text, groups=groups, n=_count(groups), clients_url=clients_url)

    @expose("/quick")
    def quick(self) -> Answer:
        """The likeliest results as a piece of a page."""
        g.office_frame = None  # a piece has no menu, so nobody need count its badges
        text = read_search(request.args.get("q"))
        groups = self._found(text, QUICK) if text else []
        n = _count(groups)
        said = ngettext("%(num)d result", "%(num)d results", n) if n else gettext("Nothing found") if text else ""
        return page("_search_results.html", q=text, groups=groups, n=n, said=said)

    @expose("/keys")
    def keys(self) -> Answer:
        """The keyboard shortcuts: a page, or the dialog of it."""
        if request.args.get("piece"):
            g.office_frame = None
            return page("keys_dialog.html", guide_url=help_pages.url("finding-things"))
        return page("keys_list.html", guide_url=help_pages.url("finding-things"))

    def _found(self, text: str, most: int) -> list[Group]:
        if not text:
            return []
        pages = office_pages(text, self.actor)
        groups = groups_of(search.find(text, actor=self.actor, most=most))
        if pages:
            groups.append(Group(gettext("Pages"), pages))
        if found := office_settings(text, self.actor):
            groups.append(Group(gettext("Settings"), found))
        return groups


def _count(groups: list[Group]) -> int:
    return sum(len(group.results) for group in groups)


def register(admin: Admin) -> None:
    """Add the search to the back office."""
    admin.add_view(GlobalSearch(name="Search", endpoint="global_search", url="search"))
