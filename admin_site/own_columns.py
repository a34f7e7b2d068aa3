"""Which columns of a list a person is shown.

The first column of a list names the record and leads to it, so it is always there and always first.
"""

from collections.abc import Sequence
from typing import Any

from flask import g

from admin_site import list_address
from admin_site.rows import Column
from workflows import list_columns


def usual(of: Any) -> list[Column]:
    """The list's own choice."""
    return [c for c in of.columns if not c.hidden]


def named(of: Any, names: Sequence[str]) -> list[Column]:
    """These columns of the list in this order, behind the one that names the record; what it does not have is left out."""
    by_name = {c.name: c for c in of.columns}
    first = usual(of)[0]
    chosen = [by_name[n] for n in dict.fromkeys(names) if n in by_name and n != first.name]
    return [first, *chosen][: list_columns.MOST]


def shown(of: Any) -> list[Column]:
    """What the list shows in this request: what the address says, else what this person chose, else its own."""
    found: dict[str, list[Column]] = g.setdefault("list_columns", {})
    if of.endpoint not in found:
        from admin_site import frame

        asked = list_address.read_columns(of) or tuple(n for n in frame.own_columns().split(",") if n)
        found[of.endpoint] = named(of, asked) if asked else usual(of)
    return found[of.endpoint]
