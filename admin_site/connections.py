"""Other programs, for owners: web hooks with what was sent to them, and everybody's tokens. Gone while the API is off."""

from typing import Any

from flask import abort, current_app, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from werkzeug.wrappers import Response

from admin_site import texts
from admin_site.pages import Answer, WorkPage, page, press
from admin_site.words import word
from foundation import clock
from foundation.db import db
from models import ApiToken, WebHook
from sign_in.tokens import rows_of
from workflows import api_tokens, hook_events, hooks, once
from workflows.errors import WorkflowError
from workflows.permissions import Permission


class ConnectionsPage(WorkPage):
    """What is connected, and what is told to whom."""

    permission = Permission.SETTINGS

    def is_visible(self) -> bool:
        """Not while nothing may connect."""
        return api_tokens.is_on()

    def _run_view(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        if not api_tokens.is_on():
            abort(404)
        return super()._run_view(fn, *args, **kwargs)

    def _show(
        self, status: int = 200, *, refusal: WorkflowError | None = None, made: hooks.Made | None = None
    ) -> Answer:
        form = request.form if refusal is not None else None
        return page(
            "connections.html", status, hooks=hooks.all_of(actor=self.actor), made=made, form_key=once.new_key(),
            tokens=rows_of(api_tokens.of_others(actor=self.actor)), local=clock.to_local, moment=texts.moment_words,
            events=[(e, gettext(words)) for e, words in hook_events.EVENTS.items()],
            typed=form.get("address", "") if form is not None else "", ticked=form.getlist("event") if form is not None else [],
            problem=refusal.say(gettext) if refusal else "", field=refusal.field if refusal else None,
        )  # fmt: skip

    @expose("/")
    def index(self) -> Answer:
        """Hooks, a form for another one, and the tokens of the team."""
        return self._show()

    @expose("/hooks", methods=("POST",))
    def add(self) -> Answer:
        """Add a hook; its secret stands on the answer, and nowhere afterwards."""
        try:
            once.claim(request.form.get("form_key"))
            made = hooks.add(
                url=request.form.get("address", ""), events=request.form.getlist("event"), actor=self.actor,
                may_be_local=current_app.config["ENV_NAME"] != "production",
            )  # fmt: skip
            db.session.commit()
        except WorkflowError as refusal:
            db.session.rollback()
            return self._show(422, refusal=refusal)
        return self._show(201, made=made)

    @expose("/hooks/<public_id:hook_id>/")
    def show(self, hook_id: str) -> Answer:
        """One hook with its last messages."""
        hook = _get_or_404(hook_id)
        return page(
            "web_hook.html", hook=hook, deliveries=hooks.latest(hook, actor=self.actor), moment=texts.moment_words,
            word=word, shown=hooks.SHOWN, event_words=lambda e: gettext(hook_events.EVENTS.get(e, e)),
        )  # fmt: skip

    @expose("/hooks/<public_id:hook_id>/ping", methods=("POST",))
    def ping(self, hook_id: str) -> Response:
        """Try it out."""
        hook = _get_or_404(hook_id)
        return press(
            lambda: hooks.ping(hook, actor=self.actor), gettext("A test message is on its way."), _url(hook_id)
        )

    @expose("/hooks/<public_id:hook_id>/switch", methods=("POST",))
    def switch(self, hook_id: str) -> Response:
        """Off, or on again."""
        hook, on = _get_or_404(hook_id), request.form.get("on") == "1"
        said = gettext("The web hook is on.") if on else gettext("The web hook is off. What waits is kept.")
        return press(lambda: hooks.switch(hook, on=on, actor=self.actor), said, _url(hook_id))

    @expose("/hooks/<public_id:hook_id>/removal", methods=("POST",))
    def remove(self, hook_id: str) -> Response:
        """Forget it."""
        hook = _get_or_404(hook_id)
        return press(
            lambda: hooks.remove(hook, actor=self.actor), gettext("The web hook is removed."), url_for(".index")
        )

    @expose("/hooks/<public_id:hook_id>/messages/<public_id:delivery_id>/retry", methods=("POST",))
    def retry(self, hook_id: str, delivery_id: str) -> Response:
        """Send once more what was given up."""
        hook, delivery = _get_or_404(hook_id), hooks.delivery_of(delivery_id)
        if delivery is None or delivery.hook_id != hook.id:
            abort(404)
        return press(lambda: hooks.retry(delivery, actor=self.actor), gettext("It is sent again."), _url(hook_id))

    @expose("/tokens/<public_id:token_id>/revocation", methods=("POST",))
    def revoke(self, token_id: str) -> Response:
        """Revoke anybody's token."""
        token = db.session.query(ApiToken).filter_by(public_id=token_id).one_or_none() or abort(404)
        return press(
            lambda: api_tokens.revoke(token, actor=self.actor),
            gettext("The token %(name)s is revoked.", name=token.name), url_for(".index"),
        )  # fmt: skip


def _url(hook_id: str) -> str:
    return url_for(".show", hook_id=hook_id)


def _get_or_404(public_id: str) -> WebHook:
    hook = db.session.query(WebHook).filter_by(public_id=public_id).one_or_none()
    if hook is None:
        abort(404)
    return hook


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(ConnectionsPage(name="Connections", endpoint="connections", url="connections"))
