"""The bar above every page of the back office, put together by a plain function instead of a dozen macros.

It is kept: nothing but what stands in the key goes into it, the words' language included. The log-out form's token is
put in afresh.
"""

from functools import lru_cache

from flask_babel import gettext
from markupsafe import Markup, escape

from ui_kit import formats
from ui_kit.frames import Link, NavItem, OfficeFrame
from ui_kit.quick import icon
from ui_kit.quick_frame import theme_choice


def bar(office: OfficeFrame, nav: str, token: str | None) -> Markup:
    """The button of the menu, the search, "New", and the account's menu; `token` is the one of this session's forms."""
    before, after = _bar(
        office.search_url, office.search_label, tuple(office.new_items), office.user_name, office.user_initials,
        office.business_name, tuple(office.account_menu), office.help_url, office.keys_url, office.logout_url, nav,
        formats.locale_code(),
    )  # fmt: skip
    hidden = "" if token is None else f'<input type="hidden" name="csrf_token" value="{escape(token)}">'
    return Markup(f"{before}{hidden}{after}")  # noqa: S704 -- escaped


@lru_cache(maxsize=256)
def _bar(  # noqa: PLR0917 -- the key
    search_url: str | None, search_label: str | None, new_items: tuple[Link, ...], user_name: str, user_initials: str,
    business_name: str, account_menu: tuple[NavItem, ...], help_url: str | None, keys_url: str | None, logout_url: str,
    nav: str, _language: str,
) -> tuple[str, str]:  # fmt: skip
    """What stands before and behind the token."""
    # Not inside the f-strings: there nobody finds what is to be translated.
    menu, account = escape(gettext("Menu")), escape(gettext("Your account, %(name)s", name=user_name))
    parts = [
        (
            '<header class="ui-obar"><a class="ui-btn ui-btn--ghost ui-btn--icon ui-btn--sm ui-only-narrow" href="#side" data-side-open'
            f' aria-controls="side" aria-label="{menu}">{icon("menu-2")}</a>'
        )
    ]
    if search_url:
        label = escape(search_label or gettext("Search"))
        parts.append(
            f'<form class="ui-search" role="search" action="{escape(search_url)}" method="get">{icon("search")}'
            f'<label class="ui-vh" for="search">{label}</label><input id="search" type="search" name="q" placeholder="{label}"'
            ' autocomplete="off"><span class="ui-kbd ui-only-wide" aria-hidden="true">/</span></form>'
        )
    parts.append('<div class="ui-row ui-row--2 ui-end">')
    if new_items:
        parts.append(
            f'<details class="ui-menu"><summary class="ui-btn ui-btn--primary ui-btn--sm">{icon("plus")}{escape(gettext("New"))}'
            "</summary>" + '<div class="ui-menu__pop">'
        )
        parts += [_entry(item.label, item.url, item.icon) for item in new_items]
        parts.append("</div></details>")
    parts.append(
        '<details class="ui-menu"><summary class="ui-obar__me"><span class="ui-who ui-who--4 ui-who--s36" aria-hidden="true">'
        f'{escape(user_initials)}</span><span class="ui-vh">{account}</span></summary>'
        f'<div class="ui-menu__pop"><p class="ui-menu__head"><strong>{escape(user_name)}</strong>{escape(business_name)}</p>'
    )
    parts += [
        _entry(item.label, item.url, item.icon, ' aria-current="page"' if item.key == nav else "")
        for item in account_menu
    ]
    parts.append(theme_choice())
    if help_url:
        parts.append(_entry(gettext("Help"), help_url, "help-circle"))
    if keys_url:
        parts.append(_entry(gettext("Keyboard shortcuts"), keys_url, "keyboard", " data-keys"))
    parts.append(f'<div class="ui-menu__sep"></div><form method="post" action="{escape(logout_url)}">')
    end = f'<button class="ui-menu__item">{icon("logout")}{escape(gettext("Log out"))}</button></form></div></details></div></header>'
    return "".join(parts), end


def _entry(label: str, url: str, sign: str, more: str = "") -> str:
    return f'<a class="ui-menu__item" href="{escape(url)}"{more}>{icon(sign)}{escape(label)}</a>'
