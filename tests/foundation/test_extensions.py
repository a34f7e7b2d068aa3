"""The texts of a language are looked up once a request, and again where another language is forced."""

from flask_babel import Domain, force_locale, gettext

from foundation.extensions import OneLookUp


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
