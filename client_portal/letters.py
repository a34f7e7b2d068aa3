"""Messages with the office: the thread, and a field to write in."""

from flask import flash, request, url_for
from flask_babel import gettext as _

from client_portal.frame import View, client_here, page, page_group, see
from foundation.db import db, writing_between
from sign_in import current_actor, current_sign_in
from workflows import letters, once, settings
from workflows.errors import Conflict, WorkflowError

pages = page_group("portal_letters", __name__, under="/messages", nav="letters", switches=[letters.is_on])
PER_PAGE = 25


@pages.get("/")
def show() -> View:
    """The newest messages with a field for an answer; `?page=2` has older ones. What the household sees is read."""
    return _show()


def _show(status: int = 200, *, body: str = "", problem: str = "") -> View:
    text = request.args.get("page", "1")
    number = max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= 6 else 1
    client = client_here()
    found = list(letters.thread(client, limit=PER_PAGE + 1, offset=(number - 1) * PER_PAGE))
    # The office that looks at the portal as the client reads nothing for them.
    if status == 200 and letters.unread_of(found, by_office=False) and not current_actor().on_behalf:
        with writing_between():
            letters.mark_read(client, by_office=False)
        if (user := current_sign_in()) is not None:
            user.n_unread = 0
    return page(
        "letters.html",
        status,
        letters=found[:PER_PAGE][::-1],
        older=url_for(".show", page=number + 1) if len(found) > PER_PAGE else "",
        newer=url_for(".show", page=number - 1) if number > 1 else "",
        business=settings.read()["business.name"],
        body=body,
        problem=problem,
        most=letters.MAX_LETTER,
        form_key=once.new_key(),
    )


@pages.post("/")
def write() -> View:
    """Send a message; what is refused comes back as it was typed. Sent twice, it is there once."""
    body = request.form.get("body", "")
    try:
        once.claim(request.form.get("form_key"))
        letters.write_as_client(client_here(), body=body, actor=current_actor())
        db.session.commit()
    except Conflict as problem:
        db.session.rollback()
        flash(problem.say(_), "info")
    except WorkflowError as problem:
        db.session.rollback()
        return _show(422, body=body, problem=problem.say(_))
    else:
        flash(_("Sent. We answer as soon as we can."), "success")
    return see(url_for(".show"))
