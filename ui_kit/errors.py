"""Error pages in plain words: what happened, what to do. They need no database, no session and no frame."""

import logging
from http import HTTPStatus

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

logger = logging.getLogger(__name__)


def texts_for(code: int) -> tuple[str, str]:
    """The title and the sentence for a status code; codes we do not know speak like 400 or 500."""
    texts = {
        400: (
            _("That did not come through"),
            _("Something in the request was missing or could not be read. Go back, reload the page and try once more."),
        ),
        403: (
            _("This page is not open to you"),
            _("You are logged in, but this page is for someone else. If you think you should see it, ask the office."),
        ),
        404: (
            _("We cannot find this page"),
            _("It may have moved, or the address has a typing mistake. Go back, or start again from the first page."),
        ),
        405: (
            _("This address does not work on its own"),
            _("It belongs to a button. Go back and press the button on the page."),
        ),
        409: (
            _("Someone changed this in the meantime"),
            _("Nothing of yours was saved. Go back, reload the page to see how things stand, and try once more."),
        ),
        410: (
            _("This link has done its work"),
            _("It was used already, or it is too old. Ask for a new one."),
        ),
        413: (
            _("That is too large to send"),
            _("A file may have up to 15 MB. Choose a smaller one, or send several one after the other."),
        ),
        429: (
            _("That was a little too fast"),
            _("There were many tries in a short time, so we pause for safety. Wait some minutes, then try once more."),
        ),
        500: (
            _("Something went wrong on our side"),
            _(
                "It was not your doing, and we have noted it. Try once more. If it happens again, tell us the number below."
            ),
        ),
        503: (
            _("We are busy for a moment"),
            _("The page will be back shortly. Nothing that you saved before is lost."),
        ),
    }
    if code in texts:
        return texts[code]
    return texts[400 if code < HTTPStatus.INTERNAL_SERVER_ERROR else 500]


def render_error(
    code: int, *, request_id: str | None = None, home_url: str = "/", title: str | None = None, text: str | None = None
) -> str:
    """The page for a status code. `title` and `text` replace ours, for instance for an expired form (400).

    Rendered past Flask's context processors, and in the default language when the reader's cannot be found out: the
    database may be what failed.
    """
    try:
        return _render(code, request_id, home_url, title, text)
    except Exception as problem:  # noqa: BLE001 -- whatever it was, the reader still gets a page
        logger.warning("error page %s in the default language, because of %r", code, problem)
    try:
        with force_locale(current_app.config.get("BABEL_DEFAULT_LOCALE", "en")):
            return _render(code, request_id, home_url, title, text)
    except Exception:
        logger.exception("error page %s could not be rendered", code)
    phrase = HTTPStatus(code).phrase if code in set(HTTPStatus) else "Error"
    number = Markup("<p>{}</p>").format(request_id) if request_id else Markup()
    return Markup("<!doctype html><title>{0}</title><h1>{0}</h1>{1}").format(escape(phrase), number)


def _render(code: int, request_id: str | None, home_url: str, title: str | None, text: str | None) -> str:
    own_title, own_text = texts_for(code)
    template = current_app.jinja_env.get_template("ui/error.html")
    return template.render(
        code=code, title=title or own_title, text=text or own_text, request_id=request_id, home_url=home_url
    )
