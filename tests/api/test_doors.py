"""Who gets in: the switch, tokens, scopes against roles, the rate, and errors that are always problem documents."""

import datetime as dt

import pytest

from api.calls import CALLS
from models import Activity, ApiToken, StaffRole
from tests import connection_factories as make
from tests import factories
from tests.factories import PASSWORD
from workflows import access, account, api_tokens, login_links, people, roles, settings, sign_ins
from workflows.actors import COMMAND_LINE
from workflows.mail_facts import MailKind
from workflows.permissions import Permission
from workflows.sign_ins import NOWHERE

NEW = "a new good password"


def path_of(call, on):
    """The call's address, for records that are there."""
    ids = {
        "client_id": on.bob.public_id, "pet_id": on.bella.public_id, "visit_id": on.bobs_job.public_id,
        "request_id": on.bobs_request.public_id, "line_id": on.bobs_request.lines[0].public_id, "invoice_id": "AAAA",
    }  # fmt: skip
    path = call.path
    for name, value in ids.items():
        path = path.replace(f"<public_id:{name}>", value)
    return path


def asked(program, call, on):
    return program.call(call.method, path_of(call, on), None if call.body is None else {"nonsense": 1})


def test_every_call_is_404_while_the_switch_is_off(office, on, http):
    settings.change({"api.on": False}, actor=COMMAND_LINE)
    for call in CALLS:
        answer = asked(office, call, on)
        assert (call.name, answer.status_code, answer.mimetype) == (call.name, 404, "application/problem+json")
    for path in ("/api/v1/openapi.json", "/api/v1/nothing", "/api/v1"):
        assert http().get(path).status_code == 404
    assert http().delete("/api/v1/clients").status_code == 404


def test_every_call_is_401_without_a_token_and_with_a_wrong_one(office, program, on, http):
    secret, real = office.secret, office.token
    for call in CALLS:
        for bad in ("", "lk_short", secret[:-1] + "x", f"{secret}\x7f", "Ünsinn"):
            office.secret = bad
            answer = asked(office, call, on)
            assert (call.name, bad, answer.status_code) == (call.name, bad, 401)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert real.last_used_at is None
    assert http().get("/api/v1/clients", headers={"Authorization": f"Basic {secret}"}).status_code == 401


def test_every_call_wants_its_scope(program, on):
    for call in CALLS:
        others = [s for s in api_tokens.SCOPES if s != call.scope and not (call.scope.endswith(":read") and s == f"{call.tag}:write")]  # fmt: skip
        answer = asked(program(on.olivia, scopes=others), call, on)
        assert (call.name, answer.status_code, answer.json["code"]) == (call.name, 403, "no_scope")


@pytest.mark.parametrize("who", ["sam", "max", "olivia"])
def test_a_token_may_never_do_more_than_its_person(program, on, who):
    person = getattr(on, who)
    allowed = {
        "sam": {"clients:read", "pets:read", "visits:read", "services:read"},
        "max": set(api_tokens.SCOPES), "olivia": set(api_tokens.SCOPES),
    }[who]  # fmt: skip
    mine = program(person)
    for call in CALLS:
        answer = asked(mine, call, on)
        refused = answer.status_code == 403
        assert (call.name, refused) == (call.name, call.scope not in allowed)


def test_what_a_role_loses_its_tokens_lose_at_once(program, on):
    manager = program(on.max)
    assert manager.get("/invoices").status_code == 200
    ticked = {role: {p for p, cells in roles.matrix().items() if cells[role]} for role in roles.OPEN_ROLES}
    ticked[StaffRole.MANAGER] -= {Permission.FINANCES}
    roles.change(ticked, actor=on.as_olivia)
    assert manager.get("/invoices").status_code == 403
    assert manager.get("/clients").status_code == 200


def test_a_token_leaves_with_its_person(program, on):
    first, second = program(on.max), program(on.sam)
    assert (first.get("/clients").status_code, second.get("/clients").status_code) == (200, 200)
    people.change_staff(on.max, {"is_active": False}, actor=on.as_olivia)
    on.sam.login.is_active = False
    assert (first.get("/clients").status_code, second.get("/clients").status_code) == (401, 401)


def test_expired_and_revoked_tokens_are_dead(program, on, clock_at):
    short = program(on.olivia, expires_at=dt.datetime(2026, 11, 24, tzinfo=dt.UTC))
    long = program(on.olivia)
    assert (short.get("/clients").status_code, long.get("/clients").status_code) == (200, 200)
    clock_at("2026-11-24 10:00")
    assert (short.get("/clients").status_code, long.get("/clients").status_code) == (401, 200)
    api_tokens.revoke(long.token, actor=on.as_olivia)
    assert long.get("/clients").status_code == 401


@pytest.mark.parametrize("how", ["changed", "by link"])
def test_a_new_password_revokes_the_persons_tokens_and_says_so(program, on, outbox, db_session, how):
    mine, gone, maxs = program(on.olivia, name="Books"), program(on.olivia, name="Old"), program(on.max)
    api_tokens.revoke(gone.token, actor=on.as_olivia)
    login = on.olivia.login
    login.password_hash = access.hash_password(PASSWORD)
    if how == "changed":
        account.change_password(login, PASSWORD, NEW, repeated=NEW, keep=sign_ins.begin(login).sign_in, browser=NOWHERE)
    else:
        login_links.set_password(login, NEW, serial=login.link_serial)
    db_session.commit()
    assert [p.get("/clients").status_code for p in (mine, gone, maxs)] == [401, 401, 200]
    told = [m.facts for m in outbox.mails(MailKind.SECURITY_NEWS) if m.facts["what"] == "tokens_revoked"]
    assert [facts["detail"] for facts in told] == ["Books"]
    assert db_session.query(Activity).filter_by(verb="api_token.revoked").count() == 2


def test_without_tokens_a_new_password_tells_of_none(on, outbox):
    login = factories.staff_login(on.olivia)
    login_links.set_password(login, NEW, serial=login.link_serial)
    assert outbox.mails(MailKind.SECURITY_NEWS) == []


def test_use_is_noted_to_five_minutes(office, on, clock_at, db_session):
    office.get("/clients")
    first = db_session.get(ApiToken, office.token.id).last_used_at
    clock_at("2026-11-23 10:04")
    office.get("/clients")
    assert db_session.get(ApiToken, office.token.id).last_used_at == first
    at = clock_at("2026-11-23 10:06")
    office.get("/clients")
    assert db_session.get(ApiToken, office.token.id).last_used_at == at


def test_too_many_calls_are_slowed_down_by_token(program, on, clock_at, app, monkeypatch):
    monkeypatch.setitem(app.config, "API_CALLS_A_MINUTE", 3)
    clock_at("2026-12-01 10:00:15")
    one, other = program(on.olivia), program(on.max)
    assert [one.get("/services").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = one.get("/services")
    assert (answer.headers["Retry-After"], answer.json["code"]) == ("45", "too_many_calls")
    assert other.get("/services").status_code == 200
    clock_at("2026-12-01 10:01:00")
    assert one.get("/services").status_code == 200


def test_no_cookie_counts_and_none_is_set_and_no_other_site_is_let_in(office, on, http, sign_in_as_staff):
    browser = sign_in_as_staff(http(), on.olivia)
    assert browser.get("/api/v1/clients").status_code == 401
    answer = office.get("/clients", headers={"Origin": "https://elsewhere.example"})
    assert [name for name in answer.headers.keys() if name.startswith("Access-Control") or name == "Set-Cookie"] == []  # noqa: SIM118 -- headers are no dict
    assert answer.headers["Cache-Control"] == "no-store"
    assert office.call("OPTIONS", "/clients").status_code == 405


def test_errors_outside_of_calls_are_problem_documents_too(office, on):
    for method, path, status in (("GET", "/nothing", 404), ("DELETE", "/clients", 405), ("GET", "/clients/a%2Fb", 404)):
        answer = office.call(method, path)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), path
        assert {"type", "title", "status", "code", "detail", "request_id"} <= answer.json.keys()
    assert "POST" in office.call("DELETE", "/clients").headers["Allow"]


# ------------------------------------------------------------------------------------------------------- the tokens


def test_a_token_is_shown_once_and_kept_as_a_hash(on, db_session):
    made = api_tokens.make(name=" Accounting ", scopes=["invoices:read"], days=30, actor=on.as_olivia)
    db_session.commit()
    row = db_session.get(ApiToken, made.token.id)
    assert (row.name, row.scopes, row.prefix) == ("Accounting", ["invoices:read"], made.secret[:9])
    assert made.secret not in str({c.name: getattr(row, c.name) for c in row.__table__.columns})
    assert api_tokens.find(made.secret) is None or made.secret.startswith("lk_")
    line = db_session.query(Activity).filter_by(verb="api_token.made").one()
    assert (line.actor_name, line.facts["name"]) == ("Olivia Owens", "Accounting")


@pytest.mark.parametrize(
    ("name", "scopes", "days", "code"),
    [
        ("", ["clients:read"], None, "token_name"), ("x" * 61, ["clients:read"], None, "token_name"),
        ("x", [], None, "token_scopes"), ("x", ["all"], None, "token_scopes"), ("x", ["clients:read"], 0, "token_days"),
        ("x", ["clients:read"], 99_999, "token_days"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_makes_no_token(on, name, scopes, days, code):
    with pytest.raises(api_tokens.Invalid) as refused:
        api_tokens.make(name=name, scopes=scopes, days=days, actor=on.as_olivia)
    assert refused.value.code == code


def test_nobody_gives_a_token_more_than_they_have(on):
    with pytest.raises(api_tokens.Invalid) as refused:
        api_tokens.make(name="x", scopes=["invoices:read"], days=None, actor=on.as_sam)
    assert refused.value.code == "token_scopes"
    for actor in (on.as_alice, COMMAND_LINE):
        with pytest.raises(api_tokens.NotAllowed):
            api_tokens.make(name="x", scopes=["clients:read"], days=None, actor=actor)
    settings.change({"api.on": False}, actor=COMMAND_LINE)
    with pytest.raises(api_tokens.WrongState):
        api_tokens.make(name="x", scopes=["clients:read"], days=None, actor=on.as_olivia)


def test_owners_see_and_revoke_everybodys_others_their_own(on, db_session):
    own, other = make.api_token(on.max), make.api_token(on.olivia)
    assert list(api_tokens.of_others(actor=on.as_olivia)) == [own]
    assert list(api_tokens.of_others(actor=on.as_max)) == []
    with pytest.raises(api_tokens.NotAllowed):
        api_tokens.revoke(other, actor=on.as_max)
    api_tokens.revoke(own, actor=on.as_olivia)
    api_tokens.revoke(own, actor=on.as_olivia)
    assert db_session.query(Activity).filter_by(verb="api_token.revoked").one().facts["whose"] == "Max Mason"


def test_nobody_has_more_than_twenty_five(on):
    for _ in range(25):
        make.api_token(on.olivia)
    with pytest.raises(api_tokens.Invalid) as refused:
        api_tokens.make(name="x", scopes=["clients:read"], days=None, actor=on.as_olivia)
    assert refused.value.code == "token_many"
