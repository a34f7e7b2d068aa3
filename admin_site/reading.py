"""Reading what people and links hand in (numbers, dates, times, searches) so that nonsense is never an error.

No Flask-Admin, no queries: every module of the back office may use it.
"""

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask import current_app, request, url_for

MAX_ID = 2**31 - 1
FIRST_DAY, LAST_DAY = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(:[0-5]\d)?", re.ASCII)


def link(endpoint: str, **values: Any) -> str | None:
    """The address of a page if this installation has it and nothing stands against linking to it."""
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else None


def read_id(text: str | None) -> int | None:
    """A row's number, or None."""
    if text is None or not re.fullmatch(r"\d{1,10}", text, re.ASCII):
        return None
    number = int(text)
    return number if 0 < number <= MAX_ID else None


def read_ids(texts: Iterable[str]) -> list[int]:
    """Row numbers in order, each once; what is none is left out."""
    return list(dict.fromkeys(i for i in map(read_id, texts) if i is not None))


def read_day(text: str | None) -> dt.date | None:
    """A date of this century, or None."""
    if not text or not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_DAY <= day <= LAST_DAY else None


def read_clock(text: str) -> dt.time | None:
    """A wall-clock time such as 9:30, or None."""
    found = _CLOCK.fullmatch(text.strip())
    return dt.time(int(found[1]), int(found[2])) if found else None


def read_page() -> int:
    """The page number of the query string, from 1."""
    number = read_id(request.args.get("page"))
    return min(number or 1, 100_000)


def read_tokens(text: str | None) -> list[str]:
    """The conflicts that a "do it anyway" button names."""
    try:
        found = json.loads(text or "[]")
    except (ValueError, RecursionError):
        return []
    return [t for t in found if isinstance(t, str)] if isinstance(found, list) else []


def write_tokens(tokens: Iterable[str]) -> str:
    """The value of a "do it anyway" button: exactly the conflicts that are shown."""
    return json.dumps(sorted(tokens))


def read_search(text: str | None) -> str:
    """What was typed into a search box, without what no database takes."""
    return (text or "").replace("\0", "").strip()[:100]


def like(text: str) -> str:
    """A search text as the pattern of ILIKE, its own wildcards taken literally (escape sign: backslash)."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"


# ------------------------------------------------------------------------------------------------------- people


def initials(name: str) -> str:
    """'Hannah Okafor' gives 'HO'."""
    parts = [p for p in name.split() if p[0].isalnum()]
    return "".join(p[0] for p in ([*parts[:1], *parts[1:][-1:]])).upper() or "?"


def count_of(facts: Mapping[str, Any], key: str) -> int:
    """The number of a line's facts; one where none was kept."""
    value = facts.get(key, 1)
    return value if isinstance(value, int) else 1


def texts_of(facts: Mapping[str, Any], key: str) -> list[str]:
    """The texts of a line's facts, one or several."""
    value = facts.get(key) or []
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]
