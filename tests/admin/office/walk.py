"""Walking through the office's pages as a person without JavaScript does: links, forms and buttons that are really there."""

import html
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from werkzeug.datastructures import MultiDict

from tests.reading import Reader

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


@dataclass
class Form:
    """A form and all controls that belong to it, also those that stand elsewhere and name it."""

    action: str
    method: str
    fields: MultiDict = field(default_factory=MultiDict)


@dataclass
class Button:
    """A button: its words, what it sends, and where."""

    label: str
    form: Form | None
    name: str
    value: str
    action: str
    kind: str
    dialog: str = ""


class _Reader(Reader):
    """Forms, buttons, links and words of a page."""

    told = frozenset({"form", "input", "select", "option", "textarea", "button", "a"})

    def __init__(self, text: str) -> None:
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self.buttons: list[Button] = []
        self.links: list[tuple[str, str]] = []
        self.words: list[str] = []
        self._stack: list[Form] = []
        self._open: list[tuple[str, list[str]]] = []
        self._select: tuple[Form, str, list[str], list[str]] | None = None
        self._pending: list[tuple[str, Any]] = []
        # Controls may name a form that comes later, so the forms are read first.
        for tag in re.findall(r"<form\b[^>]*>", text):
            a = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
            form = Form(html.unescape(a.get("action", "")), a.get("method", "get"))
            self.forms.append(form)
            if "id" in a:
                self.by_id[a["id"]] = form
        self._next = iter(self.forms)
        self.feed(text)

    @property
    def text(self) -> str:
        """All words, one space between them and none before a full stop."""
        return re.sub(r" (?=[,.:;)])", "", " ".join(" ".join(self.words).split()))

    def _form(self, a: dict[str, str | None]) -> Form | None:
        return self.by_id.get(a["form"] or "") if "form" in a else self._stack[-1] if self._stack else None

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == "form":
            self._stack.append(next(self._next))
        form = self._form(a)
        if tag == "input" and form and a.get("name"):
            if a.get("type") in {"checkbox", "radio"} and "checked" not in a:
                return
            if "disabled" not in a:
                form.fields.add(a["name"], a.get("value") or "")
        elif tag == "select" and form:
            self._select = (form, a.get("name") or "", [], [])
        elif tag == "option" and self._select:
            self._select[2 if "selected" in a else 3].append(a.get("value") or "")
        elif tag in {"button", "a", "textarea"}:
            self._open.append((tag, []))
            self._pending.append((tag, (a, form)))

    def handle_data(self, data):
        self.words.append(data)
        for _tag, words in self._open:
            words.append(data)

    def handle_endtag(self, tag):
        if tag == "form" and self._stack:
            self._stack.pop()
        elif tag == "select" and self._select:
            form, name, chosen, rest = self._select
            for value in chosen or rest[:1]:
                form.fields.add(name, value)
            self._select = None
        elif tag in {"button", "a", "textarea"} and self._open and self._open[-1][0] == tag:
            words = " ".join("".join(self._open.pop()[1]).split())
            a, form = self._pending.pop()[1]
            if tag == "a":
                self.links.append((a.get("aria-label") or words, a.get("href") or ""))
            elif tag == "textarea":
                if form:
                    form.fields.add(a.get("name") or "", words)
            else:
                action = a.get("formaction") or (form.action if form else "")
                self.buttons.append(Button(a.get("aria-label") or words, form, a.get("name") or "", a.get("value") or "", action, a.get("type") or "submit", a.get("data-dialog") or ""))  # fmt: skip


class Page:
    """What came back, as a person reads it."""

    def __init__(self, office: "Office", answer: Any, path: str) -> None:
        self.office, self.status, self.path, self.html = office, answer.status_code, path, answer.text
        self.answer = answer

    @cached_property
    def _read(self) -> _Reader:
        return _Reader(self.html)

    @cached_property
    def _inner(self) -> _Reader:
        return _Reader(re.split(r"<main[^>]*>", self.html, maxsplit=1)[-1])

    @property
    def text(self) -> str:
        """All words, in order."""
        return self._read.text

    @property
    def main(self) -> str:
        """The words of the page itself, without menu and search."""
        return self._inner.text

    def has_link(self, href: str) -> bool:
        """Is there a link to it?"""
        return any(h == href for _label, h in self._read.links)

    def link(self, label: str) -> str:
        """Where the link with these words leads."""
        found = [h for words, h in [*self._inner.links, *self._read.links] if label in words]
        assert found, (label, [w for w, _h in self._read.links])
        return found[0]

    def follow(self, label: str) -> "Page":
        """Click on a link."""
        path = self.link(label)
        answer = self.office.browser.get(path)
        if answer.status_code == 302:
            path = answer.headers["Location"]
        return self.office.get(path)

    def buttons(self) -> list[str]:
        """The words of all buttons that send something."""
        return [b.label for b in self._read.buttons if b.kind == "submit"]

    def fields(self, action: str) -> MultiDict:
        """What the form that posts to this address would send."""
        return next(
            f for f in self._read.forms if f.action.partition("?")[0] == action.partition("?")[0] and f.method == "post"
        ).fields

    def press(self, label: str, /, *, at: str = "", follow: bool = True, **changes: Any) -> "Page":
        """Press a button (the last with these words, so that the one inside a dialog counts): None leaves a field out."""
        found = [
            b for b in self._read.buttons
            if b.form and b.kind == "submit" and b.form.method == "post" and label in b.label and at in b.action
        ]  # fmt: skip
        assert found, (label, at, [(b.label, b.action) for b in self._read.buttons])
        button = next((b for b in reversed(found) if not b.dialog), found[-1])
        data = MultiDict(button.form.fields)
        for name, value in changes.items():
            data.poplist(name)
            for one in value if isinstance(value, list) else [] if value is None else [value]:
                data.add(name, str(one))
        if button.name:
            data.add(button.name, button.value)
        return self.office.send(button.action or self.path, data, follow=follow)


class Office:
    """Somebody's browser in the back office."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def get(self, path: str, status: int = 200) -> Page:
        """Open a page."""
        answer = self.browser.get(path)
        assert answer.status_code == status, (
            path,
            answer.status_code,
            answer.headers.get("Location"),
            answer.text[:3000],
        )
        return Page(self, answer, path)

    def send(self, path: str, data: Any, *, follow: bool = True, headers: Any = None) -> Page:
        """Post, and go where the answer leads."""
        answer = self.browser.post(path, data=data, headers=headers)
        if follow and answer.status_code in {302, 303}:
            return self.get(answer.headers["Location"].partition("#")[0])
        return Page(self, answer, path)

    def token(self) -> str:
        """This session's token, from a page."""
        return re.search(r'name="csrf-token" content="([^"]+)"', self.browser.get("/admin/schedule/").text)[1]

    def post(self, path: str, *, follow: bool = True, headers: Any = None, **data: Any) -> Page:
        """A post made by hand, with the token."""
        return self.send(path, {"csrf_token": self.token(), **data}, follow=follow, headers=headers)
