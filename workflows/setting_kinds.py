"""What a setting is made of; the registry itself is in `workflows.settings` and the files that it collects."""

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from workflows.permissions import Permission


class Kind(enum.StrEnum):
    """How a setting is typed in."""

    SWITCH = "switch"
    NUMBER = "number"
    TEXT = "text"
    LONG_TEXT = "long_text"
    CHOICE = "choice"
    TIME = "time"
    IMAGE = "image"


@dataclass(frozen=True)
class Entry:
    """One setting: what it is called, what it does in one line, and what is allowed."""

    key: str
    kind: Kind
    default: Any
    group: str
    label: str
    help: str
    #: may be left empty (None)
    blank: bool = False
    least: int | None = None
    most: int | None = None
    max_length: int = 255
    choices: Callable[[], Sequence[tuple[str, str]]] | None = None
    check: Callable[[Any], None] | None = None
    #: what it takes to change it
    permission: Permission = Permission.SETTINGS


@dataclass(frozen=True)
class Group:
    """A page section of settings."""

    key: str
    page: str
    title: str
    help: str
