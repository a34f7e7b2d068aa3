"""What a request's body must be before anybody looks into it."""

from typing import Any

import flask
from werkzeug.exceptions import BadRequest


class Request(flask.Request):
    """Flask's request, which refuses what whoever looks into it would break over: parts of a form without names, and JSON
    that is nested deeper than Python can follow."""

    def _load_form_data(self) -> None:
        super()._load_form_data()
        if None in self.form or None in self.files:
            raise BadRequest

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: ANN401, FBT001, FBT002 -- Flask's signature
        """Flask's; what is nested too deeply counts as no JSON: 400, or None where that is asked for."""
        try:
            return super().get_json(force, silent, cache)
        except RecursionError:
            if silent:
                return None
            raise BadRequest from None
