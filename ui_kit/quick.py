"""What templates ask for hundreds of times a page, as plain functions: an icon, a text in the reader's language."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from flask_babel import get_translations
from flask_babel import gettext as translate
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape

from ui_kit import static_files
from ui_kit.frames import NavGroup, OfficeFrame

#: they point along the line, so they turn where people read from right to left
TURNING = frozenset(
    {
        "chevron-left", "chevron-right", "arrow-left", "arrow-right", "arrow-back-up", "external-link", "logout", "login",
        "send",
    }
)  # fmt: skip
#: words that are kept of a language
_MOST_WORDS = 8_000
_NAMES, _DRAWN = frozenset(static_files.icon_names()), frozenset(static_files.pet_kinds())


def N_(text: str) -> str:  # noqa: N802 -- gettext's own name for "is translated elsewhere"
    """Marks a text for the catalogues; it is translated where it is shown."""
    return text


@lru_cache(maxsize=8192)
def escaped(text: str) -> str:
    """A text for HTML that Python puts together, as a plain text: names and services stand on a page again and again."""
    return str(escape(text))


@lru_cache(maxsize=1024)
def icon(name: str, cls: str = "") -> Markup:
    """The icon as `ui.icon` draws it; a paw for a name that is none."""
    classes = " ".join(["ui-icon", *(["ui-icon--turns"] if name in TURNING else []), *([cls] if cls else [])])
    address = f"{static_files.static_url('vendor/icons.svg')}#i-{name if name in _NAMES else 'paw'}"
    # A page carries sixty of them: the quotes that HTML does not need are left out where there is one class.
    look = "<svg class={} aria-hidden=true>" if classes == "ui-icon" else '<svg class="{}" aria-hidden="true">'
    return Markup(look + '<use href="{}"/></svg>').format(escape(classes), address)  # noqa: S704 -- two constants, and what is put in is escaped


_SIGNS = {
    "scheduled": "circle-check", "req": "hourglass", "change": "calendar-repeat", "live": "walk", "done": "check",
    "off": "calendar-x", "late": "alert-triangle", "declined": "ban", "none": "alert-triangle", "ok": "circle-check",
    "info": "info-circle",
}  # fmt: skip


#: what a chip says when it is given no text; "REQ:" and the like are translated when it is drawn
_SAID = {
    "scheduled": N_("Scheduled"), "req": N_("REQ: waiting"), "change": N_("Change requested"), "live": N_("On the visit"),
    "done": N_("Done"), "ok": N_("Done"), "off": N_("Cancelled"), "late": N_("Overdue"), "declined": N_("Declined"),
    "none": N_("Nobody yet"), "info": N_("Note"),
}  # fmt: skip


def chip(kind: str, text: object = None, with_icon: object = True) -> Markup:  # noqa: FBT002 -- as templates call it
    """`ui.chip`: a state in a word, with its sign."""
    if text is None:
        text = translate(_SAID[kind]) if kind in _SAID else ""
    sign = icon(_SIGNS[kind]) if with_icon and kind in _SIGNS else ""
    return Markup(f'<span class="ui-chip ui-chip--{escape(kind)}">{sign}{escape(text)}</span>')  # noqa: S704 -- escaped


@lru_cache(maxsize=1024)
def pet(kind: str, look: str | int = "a", name: str = "", size: str = "s40", photo_url: str | None = None) -> Markup:
    """`ui.pet`: a drawing by the animal's kind (dog, cat …), or its photo. `look` is a letter from a to e, or its id."""
    letter = "abcde"[look % 5] if isinstance(look, int) else look
    said = f'role="img" aria-label="{escape(name)}"' if name else 'aria-hidden="true"'
    drawing = str(kind).lower()
    if photo_url:
        inside = f'<img src="{escape(photo_url)}" alt="" loading="lazy">'
    elif drawing in _DRAWN:
        sprite = escape(static_files.static_url("vendor/icons.svg"))
        inside = f'<svg aria-hidden="true"><use href="{sprite}#pet-{drawing}"></use></svg>'
    else:
        inside = icon("paw")
    return Markup(f'<span class="ui-pet ui-pet--{escape(letter)} ui-pet--{escape(size)}" {said}>{inside}</span>')  # noqa: S704 -- escaped


_PET_FACTS = ("kind", "look", "name", "photo_url")


def pets(animals: Iterable[Any], size: str = "s32") -> Markup:
    """`ui.pets`: several in a row. Objects with kind, look, name and perhaps photo_url, or dicts."""
    drawn = []
    for animal in animals:
        of = animal if isinstance(animal, Mapping) else {name: getattr(animal, name, None) for name in _PET_FACTS}
        drawn.append(pet(of["kind"], of["look"], of["name"], size, of.get("photo_url")))
    return Markup(f'<span class="ui-pets">{"".join(drawn)}</span>')  # noqa: S704 -- made of escaped pieces


def count(n: int | None, label: str, quiet: bool = False) -> Markup:  # noqa: FBT001, FBT002 -- as templates call it
    """The red badge as `ui.count` draws it; nothing for none."""
    if not n:
        return Markup("")
    look = " ui-count--quiet" if quiet else ""
    return Markup(  # noqa: S704 -- escaped
        f'<span class="ui-count{look}"><span aria-hidden="true">{escape(n)}</span><span class="ui-vh">{escape(label or n)}</span></span>'
    )


def office_menu(office: OfficeFrame, nav: str) -> Markup:
    """The side menu of the back office: thirty entries, drawn once for a frame and the active entry."""
    drawn: Any = office.drawn.get(("menu", nav))
    if drawn is None:
        drawn = office.drawn["menu", nav] = _office_menu(office.groups, nav)
    return drawn


def _office_menu(groups: Iterable[NavGroup], nav: str) -> Markup:
    parts = []
    for group in groups:
        if group.heading:
            parts.append(f'<h2 class="ui-side__sep">{escape(group.heading)}</h2>')
        parts.append("<ul>")
        for item in group.items:
            current = ' aria-current="page"' if item.key == nav else ""
            badge = count(item.count, item.count_label)
            # </li> may be left out in HTML; it would cost every page 200 bytes
            parts.append(f'<li><a href="{escape(item.url)}"{current}>{icon(item.icon)}{escape(item.label)}{badge}</a>')
        parts.append("</ul>")
    return Markup("".join(parts))  # noqa: S704 -- escaped


def html_params(**attributes: object) -> Markup:
    """A field's attributes as `wtforms.widgets.html_params` writes them, without its `Markup.format` for each of them.

    That took a third of a page of settings. An underscore at the end is left out, those of `data_` and `aria_` become
    hyphens; True is the attribute alone, False none.
    """
    parts = []
    for name, value in sorted(attributes.items()):
        if value is False:
            continue
        key = name.rstrip("_")
        if key.startswith(("data_", "aria_")):
            key = key.replace("_", "-")
        # What is marked as safe may still hold a quote.
        quoted = "" if value is True else str(escape(value)).replace('"', "&quot;")
        parts.append(str(escape(key)) if value is True else f'{escape(key)}="{quoted}"')
    return Markup(" ".join(parts))  # noqa: S704 -- escaped


@pass_eval_context
def gettext(context: EvalContext, text: str, /, **variables: object) -> str:
    r"""`_("…", name=…)` in templates, as Jinja's own (new style) does it, without its detours.

    Variables are escaped where the template escapes; a text always counts as a format, so `%%` is a percent sign.
    """
    if context.autoescape and not variables:
        return _marked(text)
    words = translate(text)
    if context.autoescape:
        words = Markup(words)  # noqa: S704 -- our own texts and their translations
    return words % variables if variables or "%" in words else words


def _marked(text: str) -> Markup:
    """A text without variables in this language, for HTML; kept beside the language's catalogue, which is kept itself."""
    kept: dict[str, Markup] = vars(get_translations()).setdefault("marked", {})
    words = kept.get(text)
    if words is None:
        words = Markup(translate(text)) % {}  # noqa: S704 -- our own texts and their translations
        if len(kept) >= _MOST_WORDS:
            kept.clear()
        kept[text] = words
    return words
