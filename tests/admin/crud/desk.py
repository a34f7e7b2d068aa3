"""A person at the office's desk: opens pages, fills in the forms that stand there, presses buttons."""

from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin

from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.reading import Reader


@dataclass
class Form:
    """A form as a browser would send it."""

    action: str
    method: str
    fields: MultiDict = field(default_factory=MultiDict)
    labels: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    #: name -> values of its options
    options: dict[str, list[str]] = field(default_factory=dict)


class _Reader(Reader):
    told = frozenset({"form", "input", "select", "option", "textarea", "button"})

    def __init__(self) -> None:
        self.forms: list[Form] = []
        self.here: Form | None = None
        self.select: str | None = None
        self.chosen: list[str] = []
        self.area: str | None = None
        self.text = ""

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == "form":
            self.here = Form(a.get("action", ""), a.get("method", "get"))
            self.forms.append(self.here)
        if self.here is None:
            return
        if tag == "input" and a.get("name"):
            if a.get("type") in {"checkbox", "radio"} and "checked" not in a:
                self.here.options.setdefault(a["name"], []).append(a.get("value", "on"))
                return
            self.here.fields.add(a["name"], a.get("value") or ("on" if a.get("type") == "checkbox" else ""))
        elif tag == "select":
            self.select, self.chosen = a.get("name"), []
            self.here.options[self.select] = []
        elif tag == "option" and self.select:
            self.here.options[self.select].append(a.get("value", ""))
            if "selected" in a:
                self.chosen.append(a.get("value", ""))
        elif tag == "textarea":
            self.area, self.text = a.get("name"), ""
        elif tag == "button":
            self.here.buttons.append((a.get("name", ""), a.get("value", "")))

    def handle_data(self, data):
        if self.area:
            self.text += data

    def handle_endtag(self, tag):
        if self.here is None:
            return
        if tag == "select" and self.select:
            first = self.here.options[self.select][:1]
            for value in self.chosen or first:
                self.here.fields.add(self.select, value)
            self.select = None
        elif tag == "textarea" and self.area:
            self.here.fields.add(self.area, self.text.removeprefix("\r\n").removeprefix("\n"))
            self.area = None
        elif tag == "form":
            self.here = None


def forms_of(text: str) -> list[Form]:
    """All forms of a page."""
    reader = _Reader()
    reader.feed(text)
    return reader.forms


class Desk:
    """A browser that somebody of the office is signed in with."""

    def __init__(self, browser) -> None:
        self.browser = browser
        self.page: TestResponse | None = None
        self.url = ""

    def open(self, url: str, status: int = 200) -> TestResponse:
        """Open a page; the status is checked."""
        self.page, self.url = self.browser.get(url), url
        assert self.page.status_code == status, (url, self.page.status_code, self.page.headers.get("Location"))
        return self.page

    def form(self, action: str = "") -> Form:
        """The form of this page that posts to an address with this in it; without, the page's main form."""
        posting = [f for f in forms_of(self.page.text) if f.method == "post"]
        if action:
            return next(f for f in posting if action in f.action)
        ours = [f for f in posting if "log-out" not in f.action and "/export/" not in f.action]
        return next((f for f in ours if "/delete/" not in f.action), None) or ours[0]

    def send(self, form: Form, without=(), **changes) -> TestResponse:
        """Send a form with changes: None leaves a field out, a list gives it several times."""
        data = MultiDict(form.fields)
        for name, value in changes.items():
            data.poplist(name)
            for one in value if isinstance(value, list) else [] if value is None else [value]:
                data.add(name, one)
        for name in without:
            data.poplist(name)
        self.page = self.browser.post(urljoin(self.url, form.action), data=data)
        return self.page

    def fill(self, url: str, /, **changes) -> TestResponse:
        """Open a form, fill it in, send it."""
        self.open(url)
        return self.send(self.form(), **changes)

    def press(self, action: str, rows, /, *, at: str, confirmed=True, **more) -> TestResponse:
        """Tick rows of a list and press a bulk action."""
        token = next(f for f in forms_of(self.open(at).text) if "csrf_token" in f.fields).fields["csrf_token"]
        data = {"csrf_token": token, "action": action, "rowid": [str(r.id) for r in rows], **more}
        if confirmed:
            data["confirmed"] = "yes"
        self.page = self.browser.post(f"{at.partition('?')[0]}action/", data=data)
        return self.page

    def post(self, url: str, /, **data) -> TestResponse:
        """Send a post by hand, with this session's token."""
        token = next(f for f in forms_of(self.browser.get("/admin/vets/").text) if "csrf_token" in f.fields).fields[
            "csrf_token"
        ]
        self.page = self.browser.post(url, data={"csrf_token": token, **data})
        return self.page

    def after(self, answer: TestResponse) -> str:
        """The text of the page that a redirect leads to."""
        assert answer.status_code == 302, (answer.status_code, answer.text[:2000])
        return self.open(answer.headers["Location"]).text

    def export(self, url: str, /, *, kind: str = "csv", **arguments) -> TestResponse:
        """The list as a file."""
        return self.post(f"{url}export/{kind}/?{urlencode(arguments)}")
