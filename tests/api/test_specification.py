"""The API is what its own specification says: schemathesis makes up calls from it, and looks at each answer.

`make api-test N=500` does it for long. Bounded here by the number of calls, not by a clock.
"""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode

from api.calls import CALLS
from tests import factories as make
from tests import issued

N = int(os.environ.get("API_EXAMPLES") or 2)
load_all_checks()
#: what is shaped right may still mean nothing (a pet of others, a visit that is over): that is told with these
CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {"expected-statuses": ["2xx", 401, 403, 404, 409, 412, 422, 429]},
            # An If-Match that is none was never seen: 412.
            "negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429]},
        }
    }
)
#: what is shaped wrong in their paths is another address
NOTHING_TO_GET_WRONG = {call.name for call in CALLS if call.query is None and call.body is None}
MADE_UP = [
    pytest.param(call.name, mode, id=f"{call.name}-{word}")
    for mode, word in ((GenerationMode.POSITIVE, "right"), (GenerationMode.NEGATIVE, "wrong"))
    for call in sorted(CALLS, key=lambda call: call.name)
    if mode is GenerationMode.POSITIVE or call.name not in NOTHING_TO_GET_WRONG
]


@pytest.fixture
def document(http, on):
    return http().get("/api/v1/openapi.json").json


def test_the_document_is_openapi_and_names_every_call(document):
    assert document["openapi"] == "3.1.0"
    listed = {op["operationId"] for path in document["paths"].values() for op in path.values()}
    assert listed == {call.name for call in CALLS}
    assert document["servers"] == [{"url": "http://127.0.0.1:8000/api/v1"}]
    words = [op["summary"] for path in document["paths"].values() for op in path.values()]
    assert all(words), words


def test_every_schema_that_is_pointed_at_is_there(document):
    text = str(document)
    assert text.count("'$ref'") > 20
    for name in {part.split("'")[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in document["components"]["schemas"]


@pytest.mark.parametrize(("name", "mode"), MADE_UP)
def test_made_up_calls_get_what_the_specification_promises(app, office, on, document, name, mode, monkeypatch):
    monkeypatch.setitem(app.config, "API_CALLS_A_MINUTE", 1_000_000)
    make.job(on.alice, on.walk, sitter=on.sam, pets=[on.biscuit])
    issued.invoice(on.alice, 40)
    schema = schemathesis.openapi.from_dict(document, config=CONFIG)
    schema.app = app
    (operation,) = [o.ok() for o in schema.include(operation_id=name).get_all_operations()]
    known = {
        "client_id": on.alice.public_id, "pet_id": on.biscuit.public_id, "visit_id": on.bobs_job.public_id,
        "request_id": on.bobs_request.public_id, "line_id": on.bobs_request.lines[0].public_id,
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {office.secret}"}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=N, deadline=None, database=None, phases=[Phase.explicit, Phase.generate], derandomize=bool(os.environ.get("CI")),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def ask(case):
        if case.path_parameters and len(case.path_parameters) <= 2 and len(str(case.body)) % 2:
            case.path_parameters = {k: known.get(k, v) for k, v in case.path_parameters.items()}
        case.call_and_validate(headers=headers)

    ask()


def test_the_document_tells_a_stranger_units_pages_errors_rate_and_repeats(document):
    about = document["info"]["description"]
    for word in ("minor units", "next_cursor", "RFC 9457", "Idempotency-Key", "If-Match", "Retry-After", "language"):
        assert word in about
    for path in document["paths"].values():
        for method, op in path.items():
            named = {p["name"]: p for p in op.get("parameters", [])}
            assert "Retry-After" in op["responses"]["429"]["headers"]
            assert (method == "get") is ("Idempotency-Key" not in named)
            if "limit" in named:
                assert (named["limit"]["schema"]["default"], named["limit"]["schema"]["maximum"]) == (50, 100)
                assert named["cursor"]["description"]
    for name, schema in document["components"]["schemas"].items():
        money = [field for field in schema.get("properties", {}) if field.endswith("_minor")]
        told = schema.get("description", "") + "".join(schema["properties"][f].get("description", "") for f in money)
        assert not money or "minor" in told, name
