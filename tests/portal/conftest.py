"""A client at the portal without JavaScript: reads pages, fills in the forms that stand on them, presses their buttons."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest
from werkzeug.test import TestResponse

from foundation.db import db
from models import Client
from tests.cast import Cast
from tests.databases import Http
from tests.reading import Reader
from workflows import settings


@dataclass
class Form:
    """A form as it stands on a page: where it goes and what a browser would send of it."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    #: what could be ticked: name -> values
    choices: dict[str, list[str]] = field(default_factory=dict)
    disabled: dict[str, list[str]] = field(default_factory=dict)

    def filled(self, **values: Any) -> dict[str, list[str]]:
        """The fields, with `values` in place of what stood there; a list for several, None for none."""
        data: dict[str, list[str]] = {}
        for name, value in self.fields:
            data.setdefault(name, []).append(value)
        for name, value in values.items():
            data[name] = [] if value is None else [str(v) for v in value] if isinstance(value, list | tuple) else [str(value)]  # fmt: skip
        return data


class _Reader(Reader):
    """Finds the forms of a page and its words."""

    told = frozenset({"form", "input", "select", "textarea", "button"})

    def __init__(self) -> None:
        self.forms: list[Form] = []
        self.words: list[str] = []
        self._form: Form | None = None
        self._area: str | None = None
        self._skip = 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        a = {k: v or "" for k, v in attributes}
        if tag in {"script", "style", "template"}:
            self._skip += 1
        if tag == "form":
            self._form = Form(a.get("action", ""), a.get("method", "get"))
            self.forms.append(self._form)
        if self._form is None or "name" not in a:
            return
        if tag == "textarea":
            self._area = a["name"]
            self._form.fields.append((a["name"], ""))
        if tag == "input":
            self._input(self._form, a)

    @staticmethod
    def _input(form: Form, a: dict[str, str]) -> None:
        if a.get("type") in {"checkbox", "radio"}:
            place = form.disabled if "disabled" in a else form.choices
            place.setdefault(a["name"], []).append(a["value"])
            if "checked" not in a:
                return
        if "disabled" not in a:
            form.fields.append((a["name"], a.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag == "textarea":
            self._area = None
        if tag in {"script", "style", "template"}:
            self._skip -= 1

    def handle_data(self, text: str) -> None:
        if self._area and self._form:
            name, before = self._form.fields[-1]
            # A browser drops the line break that follows the tag.
            self._form.fields[-1] = (name, before + (text.removeprefix("\n") if not before else text))
        elif not self._skip:
            self.words.append(text)


class Page:
    """An answer as a person sees it."""

    def __init__(self, answer: TestResponse) -> None:
        self.answer, self.status, self.html = answer, answer.status_code, answer.text
        self.path = answer.request.full_path.rstrip("?") if answer.request else ""

    @cached_property
    def _read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.html)
        return reader

    @property
    def forms(self) -> list[Form]:
        """All forms, in order."""
        return self._read.forms

    @cached_property
    def text(self) -> str:
        """The words."""
        return re.sub(r"\s+", " ", " ".join(self._read.words)).replace(" ,", ",").replace(" .", ".")

    def form(self, action: str) -> Form:
        """The form that goes there (an address, or how it ends)."""
        found = [f for f in self.forms if f.action == action or f.action.endswith(action)]
        assert found, f"no form to {action} on {self.path}: {[f.action for f in self.forms]}"
        return found[0]

    def links(self) -> set[str]:
        return set(re.findall(r'href="([^"]+)"', self.html))


class Walker:
    """A client who walks through the portal by its links and forms."""

    def __init__(self, browser: Http) -> None:
        self.browser = browser

    def get(self, path: str) -> Page:
        """Open an address and go where it leads."""
        return self._follow(self.browser.get(path))

    def _follow(self, answer: TestResponse) -> Page:
        # By hand: each step is a request of its own, as it is behind a server.
        while answer.status_code in {301, 302, 303, 308}:
            answer = self.browser.get(answer.headers["Location"].split("#")[0])
        return Page(answer)

    def press(self, page: Page, action: str, *, follow: bool = True, headers: Any = None, **values: Any) -> Page:
        """Send the form that goes to `action`, its fields as they stand, changed by `values`."""
        form = page.form(action)
        assert form.method == "post", form
        answer = self.browser.post(form.action, data=form.filled(**values), headers=headers)
        return self._follow(answer) if follow else Page(answer)

    def token(self) -> str:
        """A CSRF token, as every page has it."""
        (token,) = re.findall(r'name="csrf-token" content="([^"]+)"', self.get("/portal/").html)
        return str(token)

    def post(self, path: str, *, with_token: bool = True, **values: Any) -> TestResponse:
        """A hand-made post."""
        data = {"csrf_token": self.token(), **values} if with_token else values
        return self.browser.post(path, data=data)


@pytest.fixture
def walk(http: Callable[[], Http], sign_in_as_client: Callable[[Http, Client], Http]) -> Callable[[Client], Walker]:
    """`walk(cast.alice)`: the client, signed in, at a browser of their own."""
    return lambda client: Walker(sign_in_as_client(http(), client))


@pytest.fixture
def change_settings(cast: Cast) -> Callable[..., None]:
    """`change_settings({"portal.requests": False})`, as the owner does it."""

    def change(values: dict[str, Any]) -> None:
        settings.change(values, actor=cast.as_olivia)
        db.session.commit()

    return change
