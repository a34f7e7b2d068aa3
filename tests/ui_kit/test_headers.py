"""The headers on every answer."""

import pytest
from flask import Flask, Response

from ui_kit import allow_in_csp

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


@pytest.fixture
def paths(mini: Flask) -> Flask:
    @mini.get("/plain")
    def plain() -> str:
        return "x"

    @mini.get("/kept")
    def kept() -> Response:
        return Response("x", headers={"Cache-Control": "public, max-age=60", "Referrer-Policy": "no-referrer"})

    @mini.get("/pay")
    def pay() -> str:
        allow_in_csp(frame_src=["https://assets.gateway.example"], script_src=["https://js.gateway.example"] * 2)
        return "x"

    @mini.get("/boom")
    def boom() -> str:
        raise RuntimeError

    mini.testing = False
    mini.config["PROPAGATE_EXCEPTIONS"] = False
    return mini


@pytest.mark.parametrize("path", ["/plain", "/nothing-here", "/boom"])
def test_every_answer_is_guarded_also_errors(paths: Flask, path: str) -> None:
    headers = paths.test_client().get(path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=(self)" in headers["Permissions-Policy"]
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers


def test_what_a_view_says_itself_stays(paths: Flask) -> None:
    headers = paths.test_client().get("/kept").headers
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("public, max-age=60", "no-referrer")


def test_hsts_when_the_public_url_is_https(paths: Flask) -> None:
    paths.config["PUBLIC_URL"] = "https://pets.example"
    assert paths.test_client().get("/plain").headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_the_policy_is_widened_for_one_answer_only(paths: Flask) -> None:
    client = paths.test_client()
    policy = client.get("/pay").headers["Content-Security-Policy"]
    assert "script-src 'self' https://js.gateway.example;" in policy
    assert "frame-src 'self' https://assets.gateway.example" in policy
    assert client.get("/plain").headers["Content-Security-Policy"] == POLICY


@pytest.mark.parametrize(
    "source", ["'unsafe-inline'", "http://x.example", "https://x.example; script-src *", "*", "https://x 'unsafe-eval'"]
)
def test_only_https_origins_may_be_added(paths: Flask, source: str) -> None:
    with paths.test_request_context(), pytest.raises(ValueError, match="may not go into the policy"):
        allow_in_csp(script_src=[source])
