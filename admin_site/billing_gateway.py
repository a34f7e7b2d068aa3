"""Which payment gateway this business talks to: its mode, whether its keys are good, where its messages go, the last one."""

from flask import current_app, flash, redirect, url_for
from flask_admin import Admin, expose
from flask_babel import gettext

from admin_site.billing_payment import the_gateway
from admin_site.pages import Answer, WorkPage, page
from foundation import money
from foundation.db import db, reads_first
from gateways.payments import GatewayProblem
from workflows.billing import gateway_events
from workflows.errors import N_
from workflows.permissions import Permission

#: the mode in words, and what it means
MODES = {
    "off": (N_("No gateway"), N_("Clients cannot pay online. Record cash, cheques and transfers by hand.")),
    "demo": (N_("Demo payments"), N_("The built-in gateway: no money moves. It refuses to run in production.")),
    "development": (N_("Development"), N_("A gateway on this machine, for those who work on the program. No money moves.")),
    "sandbox": (N_("Sandbox"), N_("Braintree's test system: no money moves.")),
    "production": (N_("Live"), N_("Braintree with real money.")),
}  # fmt: skip


class GatewayPage(WorkPage):
    """The gateway's page beside the settings."""

    permission = Permission.SETTINGS

    @expose("/")
    def index(self) -> Answer:
        """What is set; keys are never shown, not even in part."""
        gateway = the_gateway()
        mode = gateway.mode()
        title, about = MODES[mode]
        return page(
            "billing/gateway.html", mode=mode, title=gettext(title), about=gettext(about), last=gateway_events.last(),
            address=f"{current_app.config['PUBLIC_URL'].rstrip('/')}/webhooks/braintree",
            takes=mode != "off" and gateway.takes(money.currency()), currency=money.currency(),
        )  # fmt: skip

    @expose("/check", methods=("POST",))
    @reads_first
    def check(self) -> Answer:
        """Ask the gateway whether it knows our keys."""
        db.session.commit()  # the gateway is asked with no transaction open
        try:
            the_gateway().check()
        except GatewayProblem as problem:
            flash(gettext(problem.message), "error")
        else:
            flash(gettext("The gateway answers, and knows the keys."), "success")
        return redirect(url_for(".index"), 303)


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(GatewayPage(name="Payment gateway", endpoint="payment_gateway", url="payment-gateway"))
