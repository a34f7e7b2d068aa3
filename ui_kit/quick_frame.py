"""The portal frame's menus, put together by plain functions: they are the same on every page but for the active entry.

What is kept here depends on nothing but the entries, the active one and the words, which all stand in the key; nothing of
a person or a session is among them. The log-out form, with its token, stays in the template.
"""

from collections.abc import Sequence
from functools import lru_cache

from flask_babel import gettext
from markupsafe import Markup, escape

from ui_kit.frames import Link, NavItem, PortalFrame
from ui_kit.quick import count, icon


def top_nav(frame: PortalFrame, nav: str) -> Markup:
    """The entries of the wide header."""
    return _top_nav(tuple(frame.nav), nav, frame.header_button)


@lru_cache(maxsize=512)
def _top_nav(items: tuple[NavItem, ...], nav: str, button: Link | None) -> Markup:
    parts = [
        f'<a href="{escape(item.url)}"{_current(item, nav)}>{escape(item.label)}{count(item.count, item.count_label)}</a>'
        for item in items
    ]
    if button:
        label = escape(button.label)
        parts.append(f'<a href="{escape(button.url)}" rel="noopener">{label}{icon("external-link")}</a>')
    return Markup("".join(parts))  # noqa: S704 -- escaped


def menu(items: Sequence[NavItem], nav: str, frame: PortalFrame) -> Markup:
    """Entries of a menu that opens, then the business's own link and Help."""
    return _menu(tuple(items), nav, frame.header_button, frame.help_url, gettext("Help"))


@lru_cache(maxsize=512)
def _menu(items: tuple[NavItem, ...], nav: str, button: Link | None, help_url: str | None, help_words: str) -> Markup:
    parts = [_entry(item.label, item.url, item.icon, _current(item, nav)) for item in items]
    if button:
        parts.append(_entry(button.label, button.url, "external-link", ' rel="noopener"'))
    if help_url:
        parts.append(_entry(help_words, help_url, "help-circle", ""))
    return Markup("".join(parts))  # noqa: S704 -- escaped


def _entry(label: str, url: str, sign: str, more: str) -> str:
    return f'<a class="ui-menu__item" href="{escape(url)}"{more}>{icon(sign)}{escape(label)}</a>'


def tabs(items: Sequence[NavItem], nav: str) -> Markup:
    """Entries of the bar at the thumb."""
    return _tabs(tuple(items), nav)


@lru_cache(maxsize=512)
def _tabs(items: tuple[NavItem, ...], nav: str) -> Markup:
    return Markup(  # noqa: S704 -- escaped
        "".join(
            f'<a href="{escape(item.url)}"{_current(item, nav)}>{icon(item.icon)}<span>{escape(item.short or item.label)}</span></a>'
            for item in items
        )
    )


def _current(item: NavItem, nav: str) -> str:
    return ' aria-current="page"' if item.key == nav else ""
