"""The billing run: who has visits to invoice, checked before; one order for many clients; what failed, to try again."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Response as FlaskResponse
from flask import abort, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response
from wtforms import BooleanField, HiddenField

from admin_site import export, texts
from admin_site.fields import DayField, OfficeForm, Pick, option
from admin_site.orders import kind_words, state_words
from admin_site.pages import Answer, WorkPage, is_htmx, page, refuse
from admin_site.people import client_url
from admin_site.reading import read_ids
from foundation import clock
from foundation.db import db
from models import BulkKind, BulkRun, BulkState, ClientType, Invoice, PaymentTerms, ServiceGroup
from workflows import activity, bulk, once
from workflows.billing import runs
from workflows.errors import N_, WorkflowError
from workflows.permissions import Permission

#: rows on the page; the order may be about all of them
MOST_SHOWN = 500
#: failures on the page, and orders to charge that are looked through for those of a run
MOST_FAILED, MOST_CHARGES = 200, 500

KINDS = (BulkKind.INVOICE, BulkKind.CHARGE, BulkKind.STATEMENT)

WARNINGS = {
    "no_address": N_("No mail address"),
    "visits_ahead": N_("Visits still to come"),
    "zero": N_("Costs nothing"),
}


class ListForm(OfficeForm):
    """Which clients and visits the list shows; comes in the query string."""

    class Meta:
        csrf = False

    up_to = DayField(_l("Up to and including"))
    first = DayField(_l("From"))
    terms = Pick(_l("Payment terms"))
    client_type = Pick(_l("Client type"))
    group = Pick(_l("Services"))
    paying = Pick(_l("Payment"))

    def __init__(self, formdata: Any) -> None:
        super().__init__(formdata)
        self.terms.choices = [option("", gettext("All")), *_options(PaymentTerms)]
        self.client_type.choices = [option("", gettext("All")), *_options(ClientType)]
        self.group.choices = [option("", gettext("All")), *_options(ServiceGroup)]
        self.paying.choices = [
            option("", gettext("All")), option("automatic", gettext("Automatic")), option("other", gettext("By the client"))
        ]  # fmt: skip
        for field in (self.terms, self.client_type, self.group, self.paying):
            field.data = field.data or ""

    def wanted(self) -> runs.Wanted:
        """The same for the workflow."""
        return runs.Wanted(
            up_to=self.up_to.data, first=self.first.data, payment_terms_id=_number(self.terms.data),
            client_type_id=_number(self.client_type.data), service_group_id=_number(self.group.data),
            automatic={"automatic": True, "other": False}.get(self.paying.data),
        )  # fmt: skip


class RunForm(OfficeForm):
    """What the run does."""

    mail = BooleanField(_l("Mail each invoice"))
    take_payment = BooleanField(_l("Take payment where it is allowed"))
    only_drafts = BooleanField(_l("Only drafts, to look through first"))
    form_key = HiddenField()

    def options(self, wanted: runs.Wanted) -> runs.Options:
        """The same for the workflow, with the visits that the list was about."""
        return runs.Options(
            up_to=wanted.up_to, first=wanted.first, service_group_id=wanted.service_group_id, only_drafts=bool(self.only_drafts.data), mail=bool(self.mail.data),
            take_payment=bool(self.take_payment.data),
        )  # fmt: skip


class BillingRunPage(WorkPage):
    """Choosing, ordering, following."""

    permission = Permission.BILLING

    @expose("/")
    def index(self) -> Answer:
        """Who has visits to invoice."""
        wish = _list_form()
        form = RunForm(None)
        form.mail.data = form.take_payment.data = True
        form.form_key.data = once.new_key()
        return self._list(wish, form)

    @expose("/", methods=("POST",))
    def order(self) -> Answer:
        """Store the order for the ticked clients; the worker does it."""
        wish, form = _list_form(), RunForm(request.form)
        if not wish.validate():
            return self._list(wish, form, 422)
        try:
            ids = [c.client.id for c in runs.candidates(wish.wanted())] if "all" in request.form else _ticked()
            once.claim(form.form_key.data)
            run = runs.order(ids, form.options(wish.wanted()), actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
            if problem.code == "sent_twice":
                return redirect(url_for(".history"))
            form.form_key.data = once.new_key()
            return self._list(wish, form, 422)
        return redirect(url_for(".follow", run_id=run.public_id))

    @expose("/file", methods=("POST",))
    def file(self) -> FlaskResponse:
        """The list as a CSV or Excel file; who took it is logged."""
        self.actor.require(Permission.EXPORT)
        wish = _list_form()
        found = runs.candidates(wish.wanted()) if wish.validate() else []
        head = (
            gettext("Account number"), gettext("Client"), gettext("Visits"), gettext("Amount"), gettext("First"),
            gettext("Last"), gettext("Payment terms"), gettext("Payment"), gettext("Remarks"),
        )  # fmt: skip
        body = [
            (
                c.client.account_number, str(c.client), c.n_visits, c.amount, c.first_on, c.last_on, str(c.terms or ""),
                str(c.method or ""), ", ".join(gettext(WARNINGS[w]) for w in c.warnings),
            )
            for c in found
        ]  # fmt: skip
        activity.record("list.exported", actor=self.actor, list="billing_run", n_rows=len(body), of={})
        db.session.commit()
        return export.file_of(head, body, f"billing-run-{clock.today().isoformat()}", gettext("Billing run"))

    @expose("/runs")
    def history(self) -> Answer:
        """The last runs."""
        found = db.session.scalars(
            sa.select(BulkRun)
            .where(BulkRun.kind.in_(KINDS))
            .options(joinedload(BulkRun.staff))
            .order_by(BulkRun.id.desc())
            .limit(30)
        ).all()
        return page("billing_runs.html", runs=found, kind_words=kind_words, state_words=state_words)

    @expose("/<public_id:run_id>/")
    def follow(self, run_id: str) -> Answer:
        """How far it is; the page asks again every two seconds and may be left."""
        run = _run(run_id)
        context: dict[str, Any] = {
            "run": run, "title": kind_words(run.kind, run.n_total), "state": state_words(run), "by": run.staff,
            "failures": _failures(run, run.failures[:MOST_FAILED]), "n_worked": run.n_done + len(run.failures),
            "is_over": run.state in {BulkState.DONE, BulkState.STOPPED}, "is_charge": run.kind is BulkKind.CHARGE,
            "charges": _charges_of(run) if run.kind is BulkKind.INVOICE else [],
            "state_words": state_words, "form_key": once.new_key(),
        }  # fmt: skip
        return page("_billing_run_state.html" if is_htmx() else "billing_run_follow.html", **context)

    @expose("/<public_id:run_id>/stop", methods=("POST",))
    def stop(self, run_id: str) -> Response:
        """Leave the rest."""
        return self._do(run_id, lambda run: bulk.stop(run, actor=self.actor))

    @expose("/<public_id:run_id>/retry", methods=("POST",))
    def retry(self, run_id: str) -> Response:
        """Try again what could not be done."""

        def again(run: BulkRun) -> BulkRun:
            once.claim(request.form.get("form_key"))
            return runs.retry(run, actor=self.actor)

        return self._do(run_id, again)

    def _do(self, run_id: str, do: Any) -> Response:
        run = _run(run_id)
        try:
            run = do(run)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        return redirect(url_for(".follow", run_id=run.public_id), 303)

    def _list(self, wish: ListForm, form: RunForm, status: int = 200) -> Answer:
        is_fine = wish.validate()
        found = runs.candidates(wish.wanted()) if is_fine else []
        ticked = (
            set(_ticked()) if request.method == "POST" else {c.client.id for c in found if "zero" not in c.warnings}
        )
        return page(
            "billing_run.html", status if is_fine else 422, wish=wish, form=form, rows=found[:MOST_SHOWN],
            n_more=max(len(found) - MOST_SHOWN, 0), n_clients=len(found), n_visits=sum(c.n_visits for c in found),
            total=sum((c.amount for c in found), start=0), ticked=ticked, client_url=client_url, day_words=texts.day_words,
            warning_words={code: gettext(words) for code, words in WARNINGS.items()},
            may_export=self.actor.may(Permission.EXPORT),
        )  # fmt: skip


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(BillingRunPage(name="billing_run", endpoint="billing_run", url="/admin/billing-run"))


def _list_form() -> ListForm:
    """As the query string says; without one, up to yesterday's visits and today's."""
    form = ListForm(request.args)
    if "up_to" not in request.args:
        form.up_to.data = clock.today()
    return form


def _options(model: Any) -> list[Any]:
    return [option(row.id, row.name) for row in db.session.scalars(sa.select(model).order_by(model.name))]


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _ticked() -> list[int]:
    return read_ids(request.form.getlist("client"))


def _run(run_id: str) -> BulkRun:
    run = db.session.scalar(
        sa.select(BulkRun)
        .where(BulkRun.public_id == run_id, BulkRun.kind.in_(KINDS))
        .options(joinedload(BulkRun.staff))
    )
    if run is None:
        abort(404)
    return run


def _charges_of(run: BulkRun) -> list[BulkRun]:
    """The orders to charge that this run made: one for each of its pieces, written soon after it."""
    later = sa.select(BulkRun).where(BulkRun.kind == BulkKind.CHARGE, BulkRun.id > run.id)
    found = db.session.scalars(later.order_by(BulkRun.id).limit(MOST_CHARGES))
    return [charge for charge in found if charge.wish.get("of_run") == run.id]


def _failures(run: BulkRun, stored: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What could not be done: its words, why, and the way to the client; of charges with one query."""
    ids = [one["job_id"] for one in stored]
    clients = {client_id: client_id for client_id in ids}
    if run.kind is BulkKind.CHARGE:
        rows = db.session.execute(sa.select(Invoice.id, Invoice.client_id).where(Invoice.id.in_(ids)))
        clients = dict.fromkeys(ids, 0) | dict(rows.all())
    found = []
    for one in stored:
        values = {k: str(v) for k, v in (one.get("values") or {}).items()}
        why, client_id = gettext(one["why"]), clients[one["job_id"]]
        found.append({
            "label": values.get("label") or gettext("A client"), "why": why % values if "%(" in why else why,
            "url": client_url(client_id) if client_id else "",
        })  # fmt: skip
    return found
