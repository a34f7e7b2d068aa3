"""The pieces of the frames, put together by plain functions: they are the same on every page but for the active entry.

What is kept here depends on nothing but the entries, the active one and the words, which all stand in the key; nothing of
a person or a session is among them. Forms, with their token, and what is told once are made each time.
"""

from collections.abc import Sequence
from functools import lru_cache

from flask import get_flashed_messages
from flask_babel import gettext
from markupsafe import Markup, escape

from foundation.extensions import form_token
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


def brand(name: str, home_url: str, logo_url: str | None = None, hide_name: bool = False) -> Markup:  # noqa: FBT001, FBT002 -- as templates call it
    """The logo and the name of the business, and the way home. A name that is hidden stays for screen readers."""
    if logo_url:
        picture = f'<img class="ui-logo__img" src="{escape(logo_url)}" alt="{escape(name) if hide_name else ""}">'
    else:
        picture = f'<span class="ui-logo__mark">{icon("paw")}</span>'
    look, words = (' class="ui-vh"', "" if logo_url else name) if hide_name else ("", name)
    return Markup(f'<a class="ui-logo" href="{escape(home_url)}">{picture}<span{look}>{escape(words)}</span></a>')  # noqa: S704 -- escaped


def theme_choice() -> Markup:
    """The buttons for light and dark."""
    return _theme_choice(gettext("Colours"), gettext("Device"), gettext("Light"), gettext("Dark"))


@lru_cache(maxsize=64)
def _theme_choice(title: str, *labels: str) -> Markup:
    buttons = [
        f'<button type="button" data-theme-set="{key}" aria-pressed="false">{icon(sign)}{escape(label)}</button>'
        for (key, sign), label in zip(
            (("device", "device-desktop"), ("light", "sun"), ("dark", "moon")), labels, strict=True
        )
    ]
    return Markup(  # noqa: S704 -- escaped
        f'<div class="ui-themes ui-js-only" role="group" aria-label="{escape(title)}">\n{"".join(buttons)}</div>'
    )


def menu_post(label: str, url: str, sign: str | None = None) -> Markup:
    """An entry of a menu that posts: logging out."""
    return Markup(  # noqa: S704 -- escaped
        f'<form method="post" action="{escape(url)}"><input type="hidden" name="csrf_token" value="{escape(form_token())}">'
        f'<button class="ui-menu__item">{icon(sign) if sign else ""}{escape(label)}</button></form>'
    )


def contact(phone_number: str | None, email: str | None, business_name: str) -> Markup:
    """Whom to ask; nothing where the business gave neither number nor address."""
    parts = []
    if phone_number or email:
        asked = gettext("Questions? Ask %(business)s:", business=business_name)
        parts.append(f"<span>{escape(asked)}</span>")
    if phone_number:
        shown = escape(phone_number)
        parts.append(f' <a class="ui-num" href="tel:{shown.replace(" ", "")}">{shown}</a>')
    if email:
        parts.append(f' <a href="mailto:{escape(email)}">{escape(email)}</a>')
    return Markup("".join(parts))  # noqa: S704 -- escaped


def toasts() -> Markup:
    """The place where toasts appear; every layout has it once. The template element is what ui.js copies."""
    return _toasts(gettext("Close this message"))


@lru_cache(maxsize=64)
def _toasts(words: str) -> Markup:
    return Markup(  # noqa: S704 -- escaped
        '<div class="ui-toasts" role="status" aria-live="polite"></div>\n'
        '<template id="ui-toast-model"><div class="ui-toast"><span data-toast-text></span>'
        f'<button type="button" data-toast-close aria-label="{escape(words)}">{icon("x")}</button></div></template>'
    )


_LOOKS = {"error": "danger", "danger": "danger", "warning": "req", "success": "ok", "ok": "ok", "message": "ok"}
_SIGNS = {"danger": "alert-triangle", "req": "hourglass", "ok": "circle-check", "info": "info-circle"}


def flashes() -> Markup:
    """What is told once, after a redirect: `flash(text, "success" | "warning" | "error" | "info")`."""
    messages: list[tuple[str, str]] = get_flashed_messages(with_categories=True)  # type: ignore[assignment]
    if not messages:
        return Markup("")
    told = []
    for category, message in messages:
        look = _LOOKS.get(category, "info")
        told.append(
            f'<div class="ui-banner ui-banner--{look}" role="{"alert" if look == "danger" else "status"}">{icon(_SIGNS[look])}'
            f'<div class="ui-grow">{escape(message)}</div></div>'
        )
    return Markup(f'<div class="ui-stack ui-stack--2 u-mb-4">{"".join(told)}</div>')  # noqa: S704 -- escaped
