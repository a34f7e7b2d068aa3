"""What every call of the API goes through: the switch, the token, the rate, the scope, the shapes, the commit.

A view is a function with `@call(...)`; the same words make its address, its checks and its part of the specification.
"""

import hashlib
import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, g, request
from flask_babel import gettext
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm.exc import StaleDataError

from api.problems import ApiProblem
from api.sentences import sentence
from foundation import clock
from foundation.db import db, writing_between
from foundation.tally import Tally
from models import ApiAnswer, ApiToken
from workflows import api_answers, api_tokens
from workflows.actors import Actor
from workflows.conflicts import ConflictsFound, tokens
from workflows.errors import Conflict, Invalid, NotAllowed, WorkflowError, WrongState

PREFIX = "/api/v1"
#: calls in a minute with one token
MOST_A_MINUTE = 300
#: a body is a few kilobytes
MOST_BYTES = 256 * 1024
MOST_KEY = 80

calls = Blueprint("api", __name__, url_prefix=PREFIX)


@dataclass(frozen=True)
class Call:
    """One operation: where it is, what it needs, takes and gives."""

    name: str
    method: str
    path: str
    scope: str
    summary: str
    description: str
    answer: Any
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    status: int
    versioned: bool
    tag: str


#: all of them, for the specification
CALLS: list[Call] = []


def token() -> ApiToken:
    """The token of this call."""
    found: ApiToken = g.api_token
    return found


def actor() -> Actor:
    """The person behind it."""
    found: Actor = g.api_actor
    return found


def call(
    method: str,
    path: str,
    scope: str,
    *,
    answer: Any,  # noqa: ANN401 -- a schema, or a page of one
    query: type[BaseModel] | None = None,
    body: type[BaseModel] | None = None,
    status: int = 200,
    versioned: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function an operation. It gets the parts of its path, and `query` and `body` if it takes them.

    `versioned`: it takes If-Match, and `seen` is the version in it, or None.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        words = inspect.cleandoc(view.__doc__ or "").split("\n\n", 1)
        summary = " ".join(words[0].split()).rstrip(".")
        more = " ".join(words[1].split()) if len(words) > 1 else ""
        made = Call(
            view.__name__, method, path, scope, summary, more, answer, query, body, status, versioned,
            scope.partition(":")[0],
        )  # fmt: skip
        CALLS.append(made)

        def run(**parts: str) -> Response:
            return _run(made, view, parts)

        endpoint = made.name
        calls.add_url_rule(path, endpoint, run, methods=[method], provide_automatic_options=False)
        return view

    return decorate


def _run(made: Call, view: Callable[..., Any], parts: dict[str, str]) -> Response:
    """Check, do, commit. Raises ApiProblem, or what a workflow refuses with."""
    _authenticate()
    _check_scope(made.scope)
    given: dict[str, Any] = dict(parts)
    if made.query is not None:
        given["query"] = _read_query(made.query)
    elif request.args:
        raise _invalid([(name, gettext("There is no such field here.")) for name in request.args])
    if made.body is not None:
        given["body"] = _read_body(made.body)
    if made.versioned:
        given["seen"] = _seen_version()
    if made.method == "GET":
        return _response(made.status, _shown(view(**given)))
    kept = _kept_answer()
    if kept is not None and not kept[1]:
        db.session.commit()
        return _response(kept[0].status, kept[0].body, again=True)
    text = _shown(view(**given))
    if kept is not None:
        api_answers.keep(kept[0], made.status, text)
    db.session.commit()
    return _response(made.status, text)


def _shown(found: BaseModel) -> str:
    return found.model_dump_json(by_alias=True)


def _response(status: int, text: str, *, again: bool = False) -> Response:
    response = Response(text, status, mimetype="application/json")
    if again:
        response.headers["Idempotent-Replayed"] = "true"
    return response


# --------------------------------------------------------------------------------------------------------- who it is


def _authenticate() -> None:
    """Find the token, count the call, note that the token is used. 401 and 429."""
    kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
    found = api_tokens.find(secret.strip()) if kind.lower() == "bearer" else None
    if found is None:
        raise ApiProblem(401, "no_token", gettext("Send a valid token: Authorization: Bearer lk_…"))
    _slow_down(found)
    if api_tokens.is_stale(found):
        with writing_between():
            api_tokens.note_use(found)
    g.api_token, g.api_actor = found, api_tokens.actor_of(found)


def _slow_down(found: ApiToken) -> None:
    seconds = int(clock.now().timestamp())
    most = current_app.config.get("API_CALLS_A_MINUTE", MOST_A_MINUTE)
    n = Tally(Path(current_app.config["DATA_DIR"]) / "api-calls").count(found.id, seconds)
    if n > most:
        wait = str(60 - seconds % 60)
        raise ApiProblem(429, "too_many_calls", gettext("At most %(most)s calls a minute with one token.", most=most), headers={"Retry-After": wait})  # fmt: skip


def _check_scope(scope: str) -> None:
    """The token must have the scope, and the person must still be allowed what it is for."""
    if not api_tokens.allows(token(), scope):
        raise ApiProblem(403, "no_scope", gettext("This token has not the scope %(scope)s.", scope=scope))
    if not api_tokens.may_ever(scope, actor=actor()):
        raise ApiProblem(403, "not_allowed", gettext("Your account does not allow this."))


# ------------------------------------------------------------------------------------------------------- what comes


def _read_query(kind: type[BaseModel]) -> BaseModel:
    twice = [(name, gettext("This was given twice.")) for name, values in request.args.lists() if len(values) > 1]
    if twice:
        raise _invalid(twice)
    try:
        return kind.model_validate_strings(request.args.to_dict(), strict=True)
    except ValidationError as problem:
        raise _from_pydantic(problem) from problem


def _read_body(kind: type[BaseModel]) -> BaseModel:
    if request.mimetype != "application/json":
        raise ApiProblem(415, "not_json", gettext("Send JSON, with Content-Type: application/json."))
    if (request.content_length or 0) > MOST_BYTES:
        raise ApiProblem(413, "too_large", gettext("Send at most %(most)s kilobytes.", most=MOST_BYTES // 1024))
    try:
        return kind.model_validate_json(request.get_data())
    except ValidationError as problem:
        if any(e["type"] == "json_invalid" for e in problem.errors()):
            raise ApiProblem(400, "bad_json", gettext("This is no valid JSON.")) from problem
        raise _from_pydantic(problem) from problem


def _from_pydantic(problem: ValidationError) -> ApiProblem:
    found = problem.errors(include_url=False, include_input=False)
    return _invalid(
        [(".".join(str(p) for p in e["loc"]) or "body", sentence(e["type"], e.get("ctx", {}))) for e in found]
    )


def _invalid(errors: Sequence[tuple[str, str]]) -> ApiProblem:
    listed = [{"field": field[:200], "message": message[:400]} for field, message in errors[:50]]
    return ApiProblem(422, "invalid", gettext("Some fields are not as they must be."), errors=listed)


def wrong(field: str, message: str, code: str = "invalid") -> ApiProblem:
    """The problem of one field."""
    return ApiProblem(422, code, message, errors=[{"field": field, "message": message}])


def _seen_version() -> int | None:
    """The version of If-Match, with or without quotes; None without one, and for `*`."""
    text = request.headers.get("If-Match", "").strip()
    if text in {"", "*"}:
        return None
    digits = text.removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdigit() or len(digits) > 9:
        raise ApiProblem(412, "stale", gettext("Someone changed this meanwhile. Read it again, then make your change."))
    return int(digits)


def require_version(now: int, seen: int | None) -> None:
    """412 unless the record is as it was seen; call it under the client's lock."""
    if seen is not None and seen != now:
        raise ApiProblem(412, "stale", gettext("Someone changed this meanwhile. Read it again, then make your change."))


def _kept_answer() -> tuple[ApiAnswer, bool] | None:
    """The row of this write's key and whether it is new; None without a key."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return None
    if len(key) > MOST_KEY or not key.isascii() or not key.isprintable():
        raise wrong("Idempotency-Key", gettext("Use at most %(most)s plain letters.", most=MOST_KEY))
    mark = json.dumps([request.method, request.path, hashlib.sha256(request.get_data()).hexdigest()])
    return api_answers.begin(token(), key, hashlib.sha256(mark.encode()).hexdigest())


# --------------------------------------------------------------------------------------------------- what is refused


@calls.url_value_preprocessor
def _only_when_on(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    # Also before the CSRF check; every address is gone while the switch is off.
    if not api_tokens.is_on():
        raise ApiProblem(404, "not_found", gettext("There is nothing here."))


@calls.errorhandler(ApiProblem)
def _problem(problem: ApiProblem) -> Response:
    db.session.rollback()
    return problem.answer()


@calls.errorhandler(WorkflowError)
def _refused(problem: WorkflowError) -> Response:
    db.session.rollback()
    stale = isinstance(problem, Conflict) and problem.code == "stale"
    status = 403 if isinstance(problem, NotAllowed) else 412 if stale else 409 if isinstance(problem, WrongState | Conflict) else 422  # fmt: skip
    said = problem.say(gettext)
    every = problem.all if isinstance(problem, Invalid) else [problem]
    errors = [{"field": one.field, "message": one.say(gettext)} for one in every if one.field]
    more: dict[str, Any] = {"conflicts": sorted(tokens(problem.clashes))} if isinstance(problem, ConflictsFound) else {}
    return ApiProblem(status, problem.code, said, errors=errors, **more).answer()


@calls.errorhandler(StaleDataError)
def _stale(_problem: StaleDataError) -> Response:
    db.session.rollback()
    return ApiProblem(
        412, "stale", gettext("Someone changed this meanwhile. Read it again, then make your change.")
    ).answer()
