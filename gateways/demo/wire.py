"""Braintree's XML, read with limits and without entities, and written.

`-` in names is `_` here, `type` and `nil` attributes are Python's own types, and arrays are lists.
"""

import datetime as dt
import re
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

MOST_BYTES = 256 * 1024
_DEEPEST, _MOST_ELEMENTS = 16, 5000


class BadXml(ValueError):
    """No document, too large a one, or one with tricks in it."""


class Array(list[tuple[str, Any]]):
    """A list whose items have tags of their own; a plain list's are called item."""


class _Reader:
    def __init__(self) -> None:
        self.done: tuple[str, Any] | None = None
        self._open: list[tuple[str, dict[str, str], list[tuple[str, Any]], list[str]]] = []
        self._count = 0

    def refuse(self, *_anything: object) -> None:
        raise BadXml("a document type is declared")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= _DEEPEST or self._count > _MOST_ELEMENTS:
            raise BadXml("too deep or too long")
        self._open.append((tag.replace("-", "_"), attributes, [], []))

    def text(self, data: str) -> None:
        if self._open:
            self._open[-1][3].append(data)

    def end(self, _tag: str) -> None:
        name, attributes, children, text = self._open.pop()
        found = (name, _value(attributes, children, "".join(text)))
        if self._open:
            self._open[-1][2].append(found)
        else:
            self.done = found


def _value(attributes: dict[str, str], children: list[tuple[str, Any]], text: str) -> Any:  # noqa: ANN401 -- XML holds anything
    kind = attributes.get("type")
    if kind == "array":
        return [value for _tag, value in children]
    if children:
        return dict(children)
    if attributes.get("nil") == "true":
        return None
    if kind == "boolean":
        return text.strip() in {"true", "1"}
    if kind == "integer":
        return int(text)
    return text


def read(body: bytes) -> tuple[str, Any]:
    """The root's name and what is in it; BadXml for anything that is not a plain document of a fair size."""
    if len(body) > MOST_BYTES:
        raise BadXml("too large")
    reader, parser = _Reader(), expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = reader.refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError as problem:
        raise BadXml(str(problem)) from problem
    except ValueError as problem:
        raise BadXml("not a number, or tricks") from problem
    if reader.done is None:
        raise BadXml("empty")
    return reader.done


def write(name: str, value: object) -> str:
    """The document with this root."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_element(name, value)}'


def _element(name: str, value: object) -> str:
    tag = name.replace("_", "-")
    if isinstance(value, dict):
        return f"<{tag}>{''.join(_element(str(key), inner) for key, inner in value.items())}</{tag}>"
    match value:
        case None:
            return f'<{tag} nil="true"/>'
        case bool():
            return f'<{tag} type="boolean">{str(value).lower()}</{tag}>'
        case int():
            return f'<{tag} type="integer">{value}</{tag}>'
        case dt.date():
            kind, said = ("datetime", stamp(value)) if isinstance(value, dt.datetime) else ("date", value.isoformat())
            return f'<{tag} type="{kind}">{said}</{tag}>'
        case list():
            items = value if isinstance(value, Array) else [("item", item) for item in value]
            return f'<{tag} type="array">{"".join(_element(*item) for item in items)}</{tag}>'
        case Many():
            return f'<{tag} type="collection">{"".join(_element(*item) for item in value.items)}</{tag}>'
        case _:
            return f"<{tag}>{escape(str(value))}</{tag}>"


class Many:
    """A page of search results, which Braintree calls a collection and not an array."""

    def __init__(self, items: list[tuple[str, Any]]) -> None:
        self.items = items


def moment(text: str) -> dt.datetime:
    """2026-11-23T15:00:00Z as aware UTC."""
    return dt.datetime.fromisoformat(re.sub("Z$", "+00:00", text))


def stamp(at: dt.datetime) -> str:
    """The other way round, to the second."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
