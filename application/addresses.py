"""The Flask app with addresses that are put together once: a page asks for up to a hundred, most of them the same as ever."""

from typing import Any

from flask import Flask, has_request_context, request

#: the request itself: each look through the proxy takes three times as long
_asked = request._get_current_object  # type: ignore[attr-defined]  # noqa: SLF001 -- documented
_UNSAID = frozenset({"_anchor", "_method", "_scheme", "_external"})


class App(Flask):
    """Flask, whose `url_for` (also the templates') keeps what it made.

    An address depends on nothing but the routes, the arguments and the folder that the server is mounted under. Those
    with a host are made anew.
    """

    #: then it begins afresh; a month of the portal has 60 addresses, of 100 bytes each
    MOST_KEPT = 20_000

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 -- Flask's own
        super().__init__(*given, **named)
        self._addresses: dict[tuple[Any, ...], str] = {}

    def url_for(self, /, endpoint: str, **values: Any) -> str:  # noqa: ANN401 -- of any type that a route takes
        # `flask.url_for` hands on what nobody said as None; templates leave it out.
        values = {name: value for name, value in values.items() if value is not None or name not in _UNSAID}
        if not has_request_context() or self.url_default_functions or "_external" in values or "_scheme" in values:
            return super().url_for(endpoint, **values)
        asked = _asked()
        whole = f"{asked.blueprint}{endpoint}" if endpoint.startswith(".") else endpoint
        # True, 1 and 1.0 are equal, but not in an address
        key = (whole, asked.script_root, *((name, value, type(value)) for name, value in values.items()))
        try:
            kept = self._addresses.get(key)
        except TypeError:  # a list
            return super().url_for(endpoint, **values)
        if kept is None:
            kept = super().url_for(endpoint, **values)
            if len(self._addresses) >= self.MOST_KEPT:
                self._addresses.clear()
            self._addresses[key] = kept
        return kept
