"""What a request's body must be before anybody looks into it."""

import flask
from werkzeug.exceptions import BadRequest


class Request(flask.Request):
    """Flask's request, which refuses a form whose parts have no names: whoever asks such a form for a field breaks."""

    def _load_form_data(self) -> None:
        super()._load_form_data()
        if None in self.form or None in self.files:
            raise BadRequest
