"""Error pages: plain words, the request's number, and no dependence on anything that may be broken."""

import pytest
from flask import Flask

from ui_kit import errors, render_error

CODES = (400, 403, 404, 405, 409, 410, 413, 429, 500, 503)


@pytest.mark.parametrize("code", CODES)
def test_each_error_has_its_own_words_number_and_way_out(mini: Flask, code: int) -> None:
    with mini.test_request_context():
        html = render_error(code, request_id="7f3a91", home_url="/portal/")
        title, text = errors.texts_for(code)
    assert f"<h1>{title}</h1>" in html
    assert text in html
    assert "number 7f3a91" in html
    assert 'href="/portal/"' in html
    assert len({errors_title for errors_title, _ in map(_texts(mini), CODES)}) == len(CODES)


def _texts(app: Flask):
    def of(code: int) -> tuple[str, str]:
        with app.test_request_context():
            return errors.texts_for(code)

    return of


@pytest.mark.parametrize(("code", "like"), [(418, 400), (502, 500)])
def test_unknown_codes_speak_like_their_family(mini: Flask, code: int, like: int) -> None:
    of = _texts(mini)
    assert of(code) == of(like)


def test_more_exact_words_replace_ours_and_are_escaped(mini: Flask) -> None:
    with mini.test_request_context():
        html = render_error(409, title="Too late", text="<b>Tom</b> was quicker.")
    assert "<h1>Too late</h1>" in html
    assert "&lt;b&gt;Tom&lt;/b&gt; was quicker." in html
    assert "number" not in html


def test_context_processors_are_not_asked(mini: Flask) -> None:
    @mini.context_processor
    def _broken() -> dict[str, object]:
        raise RuntimeError("no database")

    with mini.test_request_context():
        assert "<h1>" in render_error(500)


def test_when_the_language_cannot_be_found_out_the_default_serves(mini: Flask) -> None:
    def _broken() -> str:
        raise RuntimeError("no database")

    mini.extensions["babel"].locale_selector = _broken
    with mini.test_request_context():
        html = render_error(500, request_id="7f3a91")
    assert "Something went wrong on our side" in html
    assert 'lang="en"' in html


@pytest.mark.parametrize(("code", "phrase"), [(500, "Internal Server Error"), (599, "Error")])
def test_when_the_template_is_broken_there_is_still_a_page(
    mini: Flask, monkeypatch: pytest.MonkeyPatch, code: int, phrase: str
) -> None:
    def _broken(*_args: object) -> str:
        raise RuntimeError("no templates")

    monkeypatch.setattr(errors, "_render", _broken)
    with mini.test_request_context():
        html = render_error(code, request_id="<7f>")
    assert f"<h1>{phrase}</h1>" in html
    assert "&lt;7f&gt;" in html
    with mini.test_request_context():
        assert render_error(code).endswith("</h1>")
