"""Which names of a query string or form are looked up. A name that nobody asks for cannot break a page, whatever its value.

So a test that types nonsense everywhere need not spend a request on each name that the page has never heard of.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import ImmutableMultiDict


class Asked:
    """`name in asked`: was it looked up since, or everything gone through?"""

    def __init__(self) -> None:
        self.forget()

    def forget(self, *names: str) -> None:
        """Begin anew, with these names as if they had been asked for."""
        self.names, self.everything = set(names), False

    def __contains__(self, name: str) -> bool:
        return self.everything or name in self.names

    def one_by_one(self, candidates: Any, name_of: Callable[[Any], str] = str) -> Iterator[Any]:
        """Each candidate whose name is looked up, also those that an answer to an earlier one brought to light."""
        rest = list(candidates)
        while found := next((one for one in rest if name_of(one) in self), None):
            rest.remove(found)
            yield found


def listen(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """From now to the end of the test."""
    asked = Asked()

    class Noting(ImmutableMultiDict[str, str]):
        def _ask(name: str) -> Any:  # noqa: N805 -- makes a method
            usual = getattr(ImmutableMultiDict, name)

            def method(self: Any, key: str, *args: Any, **more: Any) -> Any:
                asked.names.add(key)
                return usual(self, key, *args, **more)

            return method

        def _walk(name: str) -> Any:  # noqa: N805 -- makes a method
            usual = getattr(ImmutableMultiDict, name)

            def method(self: Any, *args: Any, **more: Any) -> Any:
                asked.everything = True
                return usual(self, *args, **more)

            return method

        get, getlist, __getitem__, __contains__ = map(_ask, ("get", "getlist", "__getitem__", "__contains__"))
        keys, values, items, lists, listvalues = map(_walk, ("keys", "values", "items", "lists", "listvalues"))
        __iter__, to_dict, copy = map(_walk, ("__iter__", "to_dict", "copy"))

    class Request(app.request_class):  # type: ignore[name-defined,misc]
        parameter_storage_class = Noting

    monkeypatch.setattr(app, "request_class", Request)
    return asked
