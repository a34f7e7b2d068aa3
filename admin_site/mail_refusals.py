"""Addresses that gave a mail back, and those that want no news: which, why and whose, and taking the mark off."""

from flask import flash, redirect, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from werkzeug.wrappers import Response

from admin_site import texts
from admin_site.pages import Answer, WorkPage, get_or_404, page, refuse
from admin_site.people import client_url
from foundation.db import db
from models import MailRefusal, RefusalKind
from workflows import mail_refusals
from workflows.errors import WorkflowError
from workflows.permissions import Permission


class MailRefusalsPage(WorkPage):
    """Two lists, and a button for each address."""

    permission = Permission.RECORDS

    @expose("/")
    def index(self) -> Answer:
        """All of them, the newest first."""
        marks, spared = (mail_refusals.all_of(kind) for kind in (RefusalKind.BOUNCED, RefusalKind.UNSUBSCRIBED))
        return page("mail_refusals.html", marks=marks, spared=spared, client_url=client_url, moment=texts.moment_words)  # fmt: skip

    @expose("/<int:refusal_id>/removal", methods=("POST",))
    def remove(self, refusal_id: int) -> Response:
        """Write to the address again, or send it news again."""
        refusal = get_or_404(MailRefusal, refusal_id)
        address = refusal.address
        if refusal.kind is RefusalKind.BOUNCED:
            said = gettext(
                "Mails go to %(address)s again. Those that failed meanwhile wait in the outbox.", address=address
            )
        else:
            said = gettext("News go to %(address)s again.", address=address)
        try:
            mail_refusals.take_off(refusal, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            flash(said, "success")
        return redirect(url_for(".index"), 303)


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(MailRefusalsPage(name="Returned mails", endpoint="mail_refusals", url="returned-mails"))
