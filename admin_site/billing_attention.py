"""What a person must look at about money: unknown outcomes, disputes, differences, failed refunds, money to give back.

In the demo, the page of a payment also has the gateway's buttons, which end here.
"""

from collections.abc import Callable

from flask import abort, current_app, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from werkzeug.wrappers import Response

from admin_site import client_choice, rows
from admin_site.billing_payment import the_gateway
from admin_site.pages import Answer, WorkPage, get_or_404, page, press, refuse
from admin_site.reading import read_id
from foundation.db import db, reads_first
from gateways.events import SignedWebhook
from gateways.payments import DemoDesk, GatewayProblem
from models import Client, GatewayEvent, GatewayFinding, Payment, PaymentAttempt, Refund
from workflows.billing import attention, reconciling, stranded
from workflows.errors import WorkflowError
from workflows.permissions import Permission

Button = Callable[[DemoDesk, str], SignedWebhook | None]
#: the demo's buttons by their names
_DESK: dict[str, Button] = {
    "settle": lambda desk, sale: desk.settle(sale),
    "bank_return": lambda desk, sale: desk.bank_return(sale),
    "open_dispute": lambda desk, sale: desk.open_dispute(sale),
    "lose_dispute": lambda desk, sale: desk.lose_dispute(sale),
    "win_dispute": lambda desk, sale: desk.win_dispute(sale),
}


class AttentionPage(WorkPage):
    """Everything about money that waits for a person."""

    permission = Permission.BILLING

    @expose("/")
    def index(self) -> Answer:
        """The lists; each says what it means and what to do."""
        return page(
            "billing/attention.html", attempts=attention.attempts(), disputes=attention.disputes(),
            findings=attention.findings(), events=attention.events(), refunds=attention.refunds(),
            due=attention.refunds_due(), chip=rows.code_chip, may_refund=self.actor.may(Permission.REFUND),
            stranded=stranded.stranded_attempts(), stranded_refunds=stranded.stranded_refunds(),
        )  # fmt: skip

    @expose("/look", methods=("POST",))
    @reads_first
    def look(self) -> Answer:
        """Ask the gateway now about everything that it has not answered; the worker does it each minute."""
        try:
            reconciling.look_again(gateway=the_gateway())
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        except GatewayProblem as problem:
            db.session.rollback()
            flash(gettext(problem.message), "error")
        else:
            flash(gettext("The gateway was asked."), "success")
        return redirect(url_for(".index"), 303)

    @expose("/charges/<int:attempt_id>/outcome", methods=("POST",))
    def settle_attempt(self, attempt_id: int) -> Answer:
        """What became of an unclear charge of another gateway, as a person found out there."""
        attempt, form = get_or_404(PaymentAttempt, attempt_id), request.form
        charged = form.get("charged") == "yes"
        done = gettext("Booked as a payment.") if charged else gettext("Noted. Its invoices can be paid again.")
        return press(lambda: stranded.settle_attempt(attempt, charged=charged, reason=form.get("reason", ""), transaction_id=form.get("transaction", ""), actor=self.actor), done, url_for(".index"))  # fmt: skip

    @expose("/refunds/<int:refund_id>/outcome", methods=("POST",))
    def settle_refund(self, refund_id: int) -> Answer:
        """The same for a refund."""
        row, went = get_or_404(Refund, refund_id), request.form.get("went") == "yes"
        done = gettext("Noted. The client is told.") if went else gettext("Noted. The money is here again.")
        return press(lambda: stranded.settle_refund(row, went=went, reason=request.form.get("reason", ""), actor=self.actor), done, url_for(".index"))  # fmt: skip

    @expose("/messages/<int:event_id>/dismissal", methods=("POST",))
    def dismiss_event(self, event_id: int) -> Answer:
        """A message about money that is not ours."""
        event = get_or_404(GatewayEvent, event_id)
        reason = request.form.get("reason", "")
        return press(lambda: attention.dismiss_event(event, actor=self.actor, reason=reason), gettext("Dismissed."), url_for(".index"))  # fmt: skip

    @expose("/findings/<int:finding_id>/dismissal", methods=("POST",))
    def dismiss_finding(self, finding_id: int) -> Answer:
        """A difference that may stand."""
        finding = get_or_404(GatewayFinding, finding_id)
        reason = request.form.get("reason", "")
        return press(lambda: attention.dismiss_finding(finding, actor=self.actor, reason=reason), gettext("Dismissed."), url_for(".index"))  # fmt: skip

    @expose("/findings/<int:finding_id>/booking", methods=("GET", "POST"))
    @reads_first
    def book(self, finding_id: int) -> Answer:
        """Whose money is it? Then it becomes a payment."""
        finding = get_or_404(GatewayFinding, finding_id)
        client_id = read_id(request.values.get("client"))
        if client_id is None:
            return client_choice.choose(url_for(".book", finding_id=finding_id), gettext("Book a charge"), ("attention.index", gettext("Needs attention")))  # fmt: skip
        client = get_or_404(Client, client_id)
        if request.method == "GET":
            return page("billing/book.html", finding=finding, client=client)
        try:
            payment = attention.book_orphan(finding, client, actor=self.actor, gateway=the_gateway())
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
            return redirect(url_for(".index"), 303)
        flash(gettext("Payment %(number)s is booked.", number=payment.number), "success")
        return redirect(url_for("payment_page.show", payment_id=payment.id), 303)

    @expose("/demo/<int:payment_id>", methods=("POST",))
    def demo(self, payment_id: int) -> Response:
        """A button of the demo gateway; there is none, and no address, where money is real."""
        desk = the_gateway().demo()
        do = _DESK.get(request.form.get("do", ""))
        if desk is None or do is None:
            abort(404)
        payment = get_or_404(Payment, payment_id)
        sale = payment.gateway_transaction_id
        if sale is None:
            abort(404)
        db.session.commit()  # the gateway's message is a request of its own, and writes
        try:
            webhook = do(desk, sale)
            if webhook is not None:
                desk.deliver(current_app.wsgi_app, webhook, base_url=current_app.config["PUBLIC_URL"])
        except GatewayProblem as problem:
            flash(gettext(problem.message), "error")
        else:
            flash(gettext("The demo gateway did it."), "success")
        return redirect(url_for("payment_page.show", payment_id=payment_id), 303)


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(AttentionPage(name="Needs attention", endpoint="attention", url="attention"))
