"""People at browsers who meet a broken house: they send the same form again until somebody answers.

`Browser` speaks real HTTP and answers like the test client, so that the walkers of tests/portal and tests/admin can use it.
Whatever is answered is looked at: never a stack trace, never a page without a sentence; 503 says when to try again.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import requests
from werkzeug.datastructures import MultiDict

#: after this nobody tries any more
PATIENCE = 240
#: the title of the page, and what it says about what was saved
SENTENCE = ("We are busy for a moment", "Nothing that you saved before is lost.")


@dataclass
class Seen:
    """What all people together met."""

    answers: Counter[int] = field(default_factory=Counter)
    #: no answer at all: the connection was refused, broken, or silent for too long
    n_broken: int = 0
    #: what nobody may ever see
    faults: list[str] = field(default_factory=list)
    #: stops who still tries
    given_up: threading.Event = field(default_factory=threading.Event)


class GaveUp(Exception):
    """Nobody answered in a person's patience."""


class Answer:
    """One answer, with the names that werkzeug's test client uses."""

    def __init__(self, answer: requests.Response, path: str) -> None:
        self.status_code, self.headers, self.data = answer.status_code, answer.headers, answer.content
        self.text = answer.content.decode("utf-8", "replace")
        self.request = SimpleNamespace(full_path=path)

    @property
    def location(self) -> str:
        return self.headers["Location"]


class Browser:
    """One person's browser. `is_sure`: the last form was sent once, and so was every page asked for since.

    If not, the form may be in already, and what the next page was to say of it may be gone with a lost answer.
    """

    def __init__(self, address: str, seen: Seen, cookie: tuple[str, str] | None = None, *, patience: float = PATIENCE) -> None:  # fmt: skip
        self.address, self.seen, self.patience = address, seen, patience
        self._line = requests.Session()
        self._line.trust_env = False
        if cookie is not None:
            self._line.cookies.set(*cookie, domain="127.0.0.1")
        self.is_sure = True

    def get(self, path: str, **_more: Any) -> Answer:
        """Open a page."""
        return self._ask("GET", path)

    def post(self, path: str, *, data: Any = None, headers: Any = None, files: Any = None) -> Answer:
        """Send a form; the very same again while nobody answers, or answers 503."""
        return self._ask("POST", path, data=list(_pairs(data or {})), headers=headers, files=files)

    def close(self) -> None:
        self._line.close()

    def once(self, verb: str, path: str, **more: Any) -> Answer | None:
        """Ask once; None when there is no answer."""
        url = path if path.startswith("http") else self.address + path
        try:
            got = self._line.request(verb, url, allow_redirects=False, timeout=60, **more)
        except requests.RequestException:
            self.seen.n_broken += 1
            return None
        answer = Answer(got, path)
        self.seen.answers[answer.status_code] += 1
        self._look_at(answer, f"{verb} {path}")
        return answer

    def _ask(self, verb: str, path: str, **more: Any) -> Answer:
        deadline = time.monotonic() + self.patience
        if verb == "POST":
            self.is_sure = True
        while True:
            answer = self.once(verb, path, **more)
            if answer is not None and answer.status_code != 503:
                return answer
            self.is_sure = False
            if time.monotonic() > deadline or self.seen.given_up.is_set():
                raise GaveUp(f"{verb} {path}")
            time.sleep(0.1)

    def _look_at(self, answer: Answer, what: str) -> None:
        said = answer.text
        if "Traceback" in said or "sqlalchemy" in said or "psycopg" in said:
            self.seen.faults.append(f"{what}: a stack trace: {said[:500]}")
        if answer.status_code >= 500 and answer.status_code != 503:
            self.seen.faults.append(f"{what}: {answer.status_code} {said[:200]}")
        if answer.status_code == 503:
            if not all(words in said for words in SENTENCE):
                self.seen.faults.append(f"{what}: 503 without its sentence: {said[:500]}")
            if not answer.headers.get("Retry-After", "").isdigit():
                self.seen.faults.append(f"{what}: 503 does not say when to try again")


def _pairs(data: Any) -> Iterable[tuple[str, str]]:
    items = data.items(multi=True) if isinstance(data, MultiDict) else data.items()
    for name, value in items:
        for one in value if isinstance(value, list | tuple) else [value]:
            yield name, str(one)
