"""Addresses that are kept are the ones that Flask makes."""

import datetime as dt

import pytest
from flask import Flask, url_for
from werkzeug.routing import BuildError

from application.addresses import App

DAY = dt.date(2026, 11, 26)
ASKED = [
    ("portal_schedule.month", {}),
    ("portal_schedule.month", {"month": "2026-11"}),
    ("portal_schedule.month", {"month": "2026-12", "_anchor": "day"}),
    ("portal_schedule.day", {"day": DAY}),
    ("schedule.index", {"view": "day", "on": DAY.isoformat(), "sitter": None}),
    ("schedule.index", {"view": ["day", "week"]}),
    ("schedule.index", {"sitter": True}),
    ("schedule.index", {"sitter": 1}),
    ("schedule.index", {"sitter": 1.0}),
    ("schedule.index", {"sitter": "1"}),
    ("client_page.show", {"client_id": 7}),
    ("client_page.show", {"client_id": 8}),
    ("portal_door.log_in", {"next": "/portal/?a=b&c=ä"}),
    ("portal_door.log_in", {"_external": True}),
]


def ask_all(app):
    return [url_for(endpoint, **values) for endpoint, values in ASKED]


def test_what_is_kept_is_what_flask_makes_wherever_the_server_is_mounted(app):
    for folder in ("", "/care", ""):
        with app.test_request_context("/portal/schedule", environ_overrides={"SCRIPT_NAME": folder}):
            made = [Flask.url_for(app, endpoint, **values) for endpoint, values in ASKED]
            assert ask_all(app) == made
            assert ask_all(app) == made
            assert made[3] == f"{folder}/portal/schedule/2026-11-26"


def test_a_host_and_a_scheme_are_the_requests_own(app):
    for base in ("http://127.0.0.1", "http://localhost:8080", "https://localhost"):
        with app.test_request_context("/portal/schedule", base_url=f"{base}/"):
            assert url_for("portal_door.log_in", _external=True) == f"{base}/portal/log-in"
            assert url_for("portal_door.log_in") == "/portal/log-in"


def test_an_address_beginning_with_a_point_is_of_the_pages_own_part(app):
    seen = []
    for path in ("/portal/log-in", "/office/log-in"):
        with app.test_request_context(path):
            seen.append(url_for(".log_in"))
    assert seen == ["/portal/log-in", "/office/log-in"]


def test_what_does_not_exist_is_an_error_every_time(app):
    for _time in range(2):
        with app.test_request_context("/"), pytest.raises(BuildError):
            url_for("no.such_page", client_id=1)


def test_not_more_are_kept_than_the_limit(app, monkeypatch):
    monkeypatch.setattr(App, "MOST_KEPT", 3)
    app._addresses.clear()
    with app.test_request_context("/"):
        made = [url_for("client_page.show", client_id=n) for n in range(1, 9)]
        assert made == [f"/admin/client/{n}/" for n in range(1, 9)]
    assert len(app._addresses) <= 3


def test_what_views_ask_for_is_kept_as_what_templates_ask_for(app, monkeypatch):
    """`flask.url_for` hands on `_external=None` and the like, which is no wish."""
    with app.test_request_context("/admin/"):
        made = url_for("client_page.show", client_id=4711)
        monkeypatch.setattr(Flask, "url_for", lambda *_asked, **_values: "made anew")
        assert url_for("client_page.show", client_id=4711) == made == app.url_for("client_page.show", client_id=4711)
        assert url_for("client_page.show", client_id=4712) == "made anew"
        assert url_for("client_page.show", client_id=4711, _external=True) == "made anew"
        app._addresses.clear()
