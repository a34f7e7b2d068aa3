"""Finding a setting by its words, over all pages: what it is called, what it does, where it stands."""

from dataclasses import dataclass

from flask_babel import gettext

from settings_ui.pages import PAGES
from workflows import settings
from workflows.search_words import words_in
from workflows.settings import Entry, Group

_PLACES: dict[str, Group] = {group.key: group for group in settings.GROUPS}


@dataclass(frozen=True)
class Found:
    """A setting that fits, and where to change it."""

    entry: Entry
    group: Group
    page: str


def find(text: str) -> list[Found]:
    """The settings in whose words every typed word occurs; those that have them in their name come first."""
    words = words_in(text)
    if not words:
        return []
    fitting = []
    for entry in settings.REGISTRY.values():
        group = _PLACES[entry.group]
        if group.page not in PAGES:
            continue
        label = " ".join(words_in(gettext(entry.label)))
        where = (gettext(entry.help), gettext(group.title), gettext(PAGES[group.page]))
        everything = " ".join([label, *(word for part in where for word in words_in(part))])
        if all(word in everything for word in words):
            fitting.append((not all(word in label for word in words), Found(entry, group, group.page)))
    return [found for _late, found in sorted(fitting, key=lambda pair: pair[0])]
