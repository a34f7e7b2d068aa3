"""Mails of the office's own to clients: written for those chosen in the list of clients, ordered, followed, looked up."""

from collections.abc import Callable
from urllib.parse import parse_qsl

from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from admin_site import mailing_form, orders
from admin_site.mail_texts import framed, not_yet
from admin_site.mailing_form import CHOSEN_MOST, MailingForm
from admin_site.pages import Answer, WorkPage, get_or_404, page, refuse
from admin_site.reading import read_id, read_ids
from foundation.db import db
from mailer.previews import preview_mail
from mailer.render import Rendered, render
from models import BulkKind, BulkRun, Client, MailState
from workflows import bulk, mail_texts, mailings, once
from workflows.errors import Invalid, WorkflowError
from workflows.mail_checking import problems, tidy_words
from workflows.mail_facts import MailKind
from workflows.permissions import Permission

ON_PAGE = 50
MOST_PAGES = 1000


class MailingsPage(WorkPage):
    """Writing, ordering, following."""

    permission = Permission.MAILINGS

    @expose("/")
    def index(self) -> Answer:
        """The mails that were ordered, the newest first."""
        number = min(read_id(request.args.get("page")) or 1, MOST_PAGES)
        found = mailings.past(ON_PAGE + 1, (number - 1) * ON_PAGE)
        return page(
            "mailings.html", found=found[:ON_PAGE], number=number, has_more=len(found) > ON_PAGE,
            state_words=orders.state_words,
        )  # fmt: skip

    @expose("/new")
    def new(self) -> Answer:
        """A mail to one client; several are chosen in their list."""
        if "client" not in request.args:
            flash(gettext("Tick the clients that you want to write to."), "info")
            return redirect(url_for("clients.index_view"))
        client = get_or_404(Client, read_id(request.args["client"]) or 0)
        return mailing_form.ask([client.id])

    @expose("/new", methods=("POST",))
    def order(self) -> Answer:
        """Store the order; a small one is done at once, a large one by the worker."""
        form = MailingForm(request.form)
        ids = _ids(form)
        try:
            once.claim(form.form_key.data)
            _must_render(form)
            mailing = mailings.order(
                form.subject.data or "", form.body.data or "", ids, is_news=bool(form.is_news.data),
                chosen=dict(parse_qsl((form.chosen.data or "")[:CHOSEN_MOST])), actor=self.actor,
            )  # fmt: skip
            run = db.session.get_one(BulkRun, mailing.run_id)
            db.session.commit()
        except WorkflowError as problem:
            return _refused(form, ids, problem)
        if run.n_total < bulk.SMALL:
            while bulk.work(run.id):
                db.session.commit()
            db.session.commit()
        return redirect(orders.follow_url(run), 303)

    @expose("/test", methods=("POST",))
    def test(self) -> Answer:
        """Send the draft to whoever asks, as the first client would get it; the page stays as it is."""
        form = MailingForm(request.form)
        ids = _ids(form)
        try:
            once.claim(form.form_key.data)
            _must_render(form)
            first = db.session.get(Client, ids[0]) if ids else None
            words = form.subject.data or "", form.body.data or ""
            mail = mailings.send_test(*words, first, is_news=bool(form.is_news.data), actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            return _refused(form, ids, problem)
        flash(gettext("A test is on its way to %(address)s.", address=mail.to_address), "success")
        return mailing_form.ask(ids, form)

    @expose("/preview", methods=("POST",))
    def preview(self) -> Response:
        """What the draft looks like for the first client, for the frame. Nothing of it is kept."""
        form = MailingForm(request.form)
        try:
            made = _rendered(form, _ids(form)[:1])
        except Exception as problem:  # noqa: BLE001 -- a draft may be anything; the frame says so
            words = mail_texts.Words(form.subject.data or "", form.body.data or "")
            return framed(not_yet(MailKind.OWN_MAIL, words, problem))
        if request.form.get("layer") == "text":
            return framed(f"{made.subject}\n\n{made.text}", "text/plain")
        return framed(made.html)

    @expose("/<public_id:run_id>/")
    def follow(self, run_id: str) -> Answer:
        """How far it is, and what was sent; the page asks again every two seconds and may be left."""
        run = _run(run_id)
        mailing = mailings.of_run(run)
        found = mailings.states(mailing) if mailing is not None else {}
        n_of = {state: found.get(state, 0) for state in (MailState.QUEUED, MailState.FAILED, MailState.CANCELLED)}
        return orders.show_state(run, mailing=mailing, n_waiting=n_of[MailState.QUEUED], n_failed=n_of[MailState.FAILED], n_back=n_of[MailState.CANCELLED])  # fmt: skip

    @expose("/<public_id:run_id>/stop", methods=("POST",))
    def stop(self, run_id: str) -> Response:
        """Leave the rest."""
        return orders.stop(_run(run_id), actor=self.actor)

    @expose("/<public_id:run_id>/undo", methods=("POST",))
    def undo(self, run_id: str) -> Response:
        """Call back what has not left yet."""
        run = _run(run_id)

        def said(n: int) -> str:
            return ngettext("%(num)d mail was called back.", "%(num)d mails were called back.", n)

        return self._press(run, lambda: said(mailings.call_back(run, actor=self.actor)))

    @expose("/<public_id:run_id>/again", methods=("POST",))
    def again(self, run_id: str) -> Response:
        """Send the failed ones once more."""
        run = _run(run_id)

        def said(n: int) -> str:
            return ngettext("%(num)d mail is on its way again.", "%(num)d mails are on their way again.", n)

        return self._press(run, lambda: said(mailings.send_again(run, actor=self.actor)))

    @staticmethod
    def _press(run: BulkRun, work: Callable[[], str]) -> Response:
        try:
            said = work()
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            flash(said, "success")
        return redirect(orders.follow_url(run), 303)


def _ids(form: MailingForm) -> list[int]:
    return read_ids((form.ids.data or "").split(","))[: mailings.MOST + 1]


def _rendered(form: MailingForm, ids: list[int]) -> Rendered:
    """The draft for this client, or for a made-up one."""
    subject, body = tidy_words(form.subject.data or "", form.body.data or "")
    if found := problems(MailKind.OWN_MAIL, subject, body):
        raise mail_texts.NotUsable(found)
    client = db.session.get(Client, ids[0]) if ids else None
    facts = mailings.facts_for(
        client or mailings.made_up_client(), subject, body, is_news=bool(form.is_news.data), preview=True
    )
    return render(preview_mail(MailKind.OWN_MAIL, facts))


def _must_render(form: MailingForm) -> None:
    """Words that pass the checks but cannot be drawn are refused too; those that do not pass are told of by the order."""
    try:
        _rendered(form, [])
    except mail_texts.NotUsable:
        return
    except Exception as problem:
        raise Invalid("not_drawn", "%(why)s", field="body", why=str(problem) or type(problem).__name__) from problem


def _refused(form: MailingForm, ids: list[int], problem: WorkflowError) -> Answer:
    db.session.rollback()
    if problem.code == "sent_twice":
        flash(problem.say(gettext), "info")
        return redirect(url_for("mailings.index"), 303)
    form.add_problem(problem)
    return mailing_form.ask(ids, form, status=422)


def _run(run_id: str) -> BulkRun:
    run = orders.find(run_id)
    return run if run is not None and run.kind is BulkKind.MAILING else abort(404)


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(MailingsPage(name="Mails to clients", endpoint="mailings", url="mailings"))
