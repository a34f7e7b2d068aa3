"""The place of a client's home as one field: latitude and longitude as people write them, or a link to a map."""

from typing import Any

from flask_babel import gettext
from wtforms import StringField

from workflows.errors import WorkflowError
from workflows.homes import read_home


class HomeField(StringField):
    """Its data is the latitude; `longitude` comes with it."""

    longitude: float | None = None

    def show(self, client: Any) -> None:
        """Take the longitude of a record whose latitude is the field's data already, unless something was typed."""
        if not self.raw_data:
            self.longitude = client.longitude if client is not None else None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return f"{self.data}, {self.longitude}" if self.data is not None and self.longitude is not None else ""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = self.longitude = None
        try:
            place = read_home(str(valuelist[0])) if valuelist else None
        except WorkflowError as problem:
            raise ValueError(problem.say(gettext)) from problem
        if place is not None:
            self.data, self.longitude = place
