"""The texts of a language are looked up once a request, and again where another language is forced."""

import pytest
from flask import g, session
from flask_babel import Domain, force_locale, gettext
from flask_wtf.csrf import generate_csrf, validate_csrf
from wtforms import ValidationError

from foundation.extensions import OneLookUp, form_token


def test_texts_are_looked_up_once_for_each_language(app, monkeypatch):
    asked = []
    real = Domain.get_translations
    monkeypatch.setattr(Domain, "get_translations", lambda self: asked.append(1) or real(self))
    domain = OneLookUp()
    with app.test_request_context():
        own = domain.get_translations()
        assert domain.get_translations() is own
        assert len(asked) == 1
        with force_locale("de"):
            others = domain.get_translations()
            assert domain.get_translations() is others
            assert others is not own
        assert len(asked) == 2
        assert domain.get_translations() is own
    with app.test_request_context():
        domain.get_translations()
        assert len(asked) == 3, "another request looks for itself"


def test_without_a_context_texts_are_as_they_are_written():
    assert OneLookUp().get_translations().gettext("Nothing") == "Nothing"
    assert gettext("Nothing") == "Nothing"


def test_the_token_of_forms_is_flask_wtfs_own_for_this_session(app):
    assert app.jinja_env.globals["csrf_token"] is form_token
    with app.test_request_context():
        session["csrf_token"] = "a" * 40
        first = form_token()
        validate_csrf(first)
        assert form_token() == first == generate_csrf()
    g.pop("csrf_token")
    with app.test_request_context():
        session["csrf_token"] = "b" * 40
        assert form_token() != first
        with pytest.raises(ValidationError):
            validate_csrf(first)
    g.pop("csrf_token")
    with app.test_request_context():
        validate_csrf(form_token())  # a session that has none yet gets one
        assert session["csrf_token"] not in {"a" * 40, "b" * 40}
