"""The bar above every page of the back office, put together by a plain function instead of a dozen macros.

It is drawn once for a frame, which is made in one language, and the active entry. The log-out form's token is put in afresh.
"""

from typing import Any

from flask_babel import gettext
from markupsafe import Markup, escape

from ui_kit.frames import OfficeFrame
from ui_kit.quick import icon
from ui_kit.quick_frame import theme_choice


def bar(office: OfficeFrame, nav: str, token: str | None) -> Markup:
    """The button of the menu, the search, "New", and the account's menu; `token` is the one of this session's forms."""
    kept: Any = office.drawn.get(("bar", nav))
    if kept is None:
        kept = office.drawn["bar", nav] = _bar(office, nav)
    before, after = kept
    hidden = "" if token is None else f'<input type="hidden" name="csrf_token" value="{escape(token)}">'
    return Markup(f"{before}{hidden}{after}")  # noqa: S704 -- escaped


def _bar(office: OfficeFrame, nav: str) -> tuple[str, str]:
    """What stands before and behind the token."""
    # Not inside the f-strings: there nobody finds what is to be translated.
    menu, account = escape(gettext("Menu")), escape(gettext("Your account, %(name)s", name=office.user_name))
    parts = [
        (
            '<header class="ui-obar"><a class="ui-btn ui-btn--ghost ui-btn--icon ui-btn--sm ui-only-narrow" href="#side" data-side-open'
            f' aria-controls="side" aria-label="{menu}">{icon("menu-2")}</a>'
        )
    ]
    if office.search_url:
        label = escape(office.search_label or gettext("Search"))
        parts.append(
            f'<form class="ui-search" role="search" action="{escape(office.search_url)}" method="get">{icon("search")}'
            f'<label class="ui-vh" for="search">{label}</label><input id="search" type="search" name="q" placeholder="{label}"'
            ' autocomplete="off"><span class="ui-kbd ui-only-wide" aria-hidden="true">/</span></form>'
        )
    parts.append('<div class="ui-row ui-row--2 ui-end">')
    if office.new_items:
        parts.append(
            f'<details class="ui-menu"><summary class="ui-btn ui-btn--primary ui-btn--sm">{icon("plus")}{escape(gettext("New"))}'
            "</summary>" + '<div class="ui-menu__pop">'
        )
        parts += [_entry(item.label, item.url, item.icon) for item in office.new_items]
        parts.append("</div></details>")
    parts.append(
        '<details class="ui-menu"><summary class="ui-obar__me"><span class="ui-who ui-who--4 ui-who--s36" aria-hidden="true">'
        f'{escape(office.user_initials)}</span><span class="ui-vh">{account}</span></summary>'
        f'<div class="ui-menu__pop"><p class="ui-menu__head"><strong>{escape(office.user_name)}</strong>{escape(office.business_name)}</p>'
    )
    parts += [
        _entry(item.label, item.url, item.icon, ' aria-current="page"' if item.key == nav else "")
        for item in office.account_menu
    ]
    parts.append(theme_choice())
    if office.help_url:
        parts.append(_entry(gettext("Help"), office.help_url, "help-circle"))
    if office.keys_url:
        parts.append(_entry(gettext("Keyboard shortcuts"), office.keys_url, "keyboard", " data-keys"))
    parts.append(f'<div class="ui-menu__sep"></div><form method="post" action="{escape(office.logout_url)}">')
    end = f'<button class="ui-menu__item">{icon("logout")}{escape(gettext("Log out"))}</button></form></div></details></div></header>'
    return "".join(parts), end


def _entry(label: str, url: str, sign: str, more: str = "") -> str:
    return f'<a class="ui-menu__item" href="{escape(url)}"{more}>{icon(sign)}{escape(label)}</a>'
