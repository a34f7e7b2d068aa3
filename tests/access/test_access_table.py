"""Who may open what: every route and method of the app stands in `table.txt`, and every role is sent to each.

A line reads `METHOD /rule needed`, where needed is `open` (anybody), `client` (somebody signed in to the portal), `staff`
(any staff member), or the permission that the page asks for. A new route without a line fails.
"""

import re
from pathlib import Path

import pytest
from werkzeug.routing import Rule

from models import Staff, StaffRole
from workflows.permissions import Permission, role_allows

TABLE = Path(__file__).with_name("table.txt")


def table():
    """{(method, rule): what is needed}"""
    found = {}
    for line in TABLE.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            method, rest = line.split(" ", 1)
            rule, needed = rest.rsplit(" ", 1)
            found[method, rule] = needed
    return found


def routes(app):
    """Every (method, rule) of the app; HEAD and OPTIONS go with GET."""
    return {
        (method, rule.rule): rule
        for rule in app.url_map.iter_rules()
        for method in sorted(rule.methods or set())
        if method not in {"HEAD", "OPTIONS"}
    }


#: switched off from the start, and then 404 for everybody, before anybody is asked who they are
OFF = (
    {"/portal/message", "/register", "/portal/register", "/portal/register/<token>", "/portal/registered"}
    | {
        f"/{face}/account/tokens{more}"
        for face in ("admin", "staff")
        for more in ("", "/<public_id:token_id>/revocation")
    }
    | {
        f"/admin/connections/{more}"
        for more in (
            "",
            "hooks",
            "hooks/<public_id:hook_id>/",
            "tokens/<public_id:token_id>/revocation",
            *(
                f"hooks/<public_id:hook_id>/{do}"
                for do in ("ping", "removal", "switch", "messages/<public_id:delivery_id>/retry")
            ),
        )
    }
)

#: what stands in for the variable parts: shaped right, and nothing of anybody's
FILL = {
    "int": "999999",
    "default": "nothing",
    "path": "nothing",
    "string": "nothing",
    "public_id": "AAAAAAAAAAAA",
    "day": "2026-12-24",
}


def path_of(rule: Rule) -> str:
    """The rule with its variable parts filled in."""

    def fill(part: re.Match[str]) -> str:
        kind, _colon, _name = part[1].rpartition(":")
        return kind[4:-1].split(",")[0].strip(" '\"") if kind.startswith("any(") else FILL[kind or "default"]

    return re.sub(r"<([^>]+)>", fill, rule.rule)


def test_every_route_stands_in_the_table_and_nothing_else(app):
    listed, there = set(table()), set(routes(app))
    assert sorted(there - listed) == [], "new routes: say in tests/access/table.txt what they need"
    assert sorted(listed - there) == [], "these routes are gone: take them out of tests/access/table.txt"


def test_only_a_known_few_routes_are_open():
    assert {rule for (_method, rule), needed in table().items() if needed == "open"} == {
        "/", "/healthz", "/readyz", "/metrics", "/business-logo/<path:key>", "/webhooks/braintree", "/hooks/bounces",
        "/office/log-in", "/office/forgotten", "/office/set-password/<token>", "/office/welcome/<code>",
        "/office/passkey", "/office/passkey/options", "/portal/passkey", "/portal/passkey/options",
        "/register", "/portal/register", "/portal/register/<token>", "/portal/registered",
        "/portal/log-in", "/portal/forgotten", "/portal/set-password/<token>", "/staff/answers/<token>", "/portal/unsubscribe/<token>", "/portal/unsubscribe/<token>/again", "/portal/calendar/<token>.ics", "/staff/calendar/<token>.ics",
        "/staff/manifest.webmanifest", "/staff/sw.js", "/staff/offline",
        "/portal/manifest.webmanifest", "/portal/sw.js", "/portal/offline",
    }  # fmt: skip


def is_let_in(answer) -> bool:
    """Did the guard and the view let this person through to whatever is there (also to nothing there)?"""
    if answer.status_code in {401, 403}:
        return False
    return not (answer.status_code == 302 and "/log-in" in answer.headers["Location"])


def allowed(needed: str, role: object) -> bool:
    """What the table says; `role` is one of the staff's, "client" or None."""
    if needed == "open":
        return True
    if needed == "client":
        return role == "client"
    if not isinstance(role, StaffRole):
        return False
    return needed == "staff" or role_allows(role, Permission(needed))


@pytest.mark.parametrize(
    ("app", "who"),
    [
        *(("sqlite", who) for who in ("anonymous", "client", "sitter", "manager", "owner")),
        # Who is let in does not depend on the database; what they are then shown must not break on either.
        pytest.param("postgresql", "owner", marks=pytest.mark.postgres),
    ],
    indirect=["app"],
)
def test_each_role_gets_exactly_what_the_table_says(
    app, cast, http, sign_in_as_staff, sign_in_as_client, monkeypatch, who
):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    monkeypatch.setitem(app.config, "WTF_CSRF_CHECK_DEFAULT", False)
    people = {"anonymous": None, "client": "client", "sitter": cast.sam, "manager": cast.max, "owner": cast.olivia}
    person, needs = people[who], table()
    wrong = []

    def browser():
        if who == "anonymous":
            return http()
        return sign_in_as_client(http(), cast.alice) if who == "client" else sign_in_as_staff(http(), person)

    visitor, listed = browser(), {rule for _method, rule in needs}
    role = person.role if isinstance(person, Staff) else person
    for (method, rule), route in sorted(routes(app).items()):
        if rule.endswith("/log-out") or rule not in listed:
            continue
        answer = visitor.open(path_of(route), method=method)
        if rule in OFF and answer.status_code == 404:
            continue
        if needs[method, rule] == "token":
            # No cookie opens it; tests/api has the tokens. It is off here, and then gone for everybody.
            if answer.status_code != 404:
                wrong.append((method, rule, answer.status_code, "not expected"))
            continue
        if needs[method, rule] == "factor":
            # Nobody here has shown a password alone: tests/sign_in/test_second_factor.py has who has.
            if answer.status_code != 404 and is_let_in(answer):
                wrong.append((method, rule, answer.status_code, "not expected"))
            continue
        expected = allowed(needs[method, rule], role)
        if is_let_in(answer) is not expected or answer.status_code >= 500:
            wrong.append((method, rule, answer.status_code, "expected" if expected else "not expected"))
    assert wrong == []


def test_the_answer_to_a_stranger_is_the_log_in_page_of_the_realm(app, http, cast):
    needs = table()
    for (method, rule), route in sorted(routes(app).items()):
        if method == "GET" and needs[method, rule] not in {"open", "token"} and rule not in OFF:
            answer = http().get(path_of(route))
            door = "/portal/log-in" if rule.startswith("/portal") else "/office/log-in"
            assert (rule, answer.status_code) == (rule, 302)
            assert answer.headers["Location"].startswith(door)
            assert answer.headers["Cache-Control"] == "no-store"


def test_a_path_that_does_not_exist_is_not_found_for_everybody(http, cast, sign_in_as_staff, sign_in_as_client):
    for browser in (http(), sign_in_as_staff(http(), cast.olivia), sign_in_as_client(http(), cast.alice)):
        for path in (
            "/.git/HEAD",
            "/.env",
            "/console",
            "/metrics",
            "/admin/debug",
            "/uploads/",
            "/static/..%2fmodels.py",
        ):
            assert browser.get(path).status_code == 404, path
