"""The page on which a mail to clients is written: its form, and how it is shown for the clients that were chosen."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, StringField, TextAreaField

from admin_site.fields import OfficeForm
from admin_site.mail_texts import code_groups
from admin_site.pages import page
from workflows import mailings, once
from workflows.mail_facts import MailKind

#: of the address of the list that the clients were chosen in
CHOSEN_MOST = 500


class MailingForm(OfficeForm):
    """The words, and whom they are for."""

    subject = StringField(_l("Subject"))
    body = TextAreaField(_l("Message"))
    is_news = BooleanField(
        _l("News or offers: with a link to be spared"),
        description=_l("Who pressed that link in an earlier one is left out. Leave it off for what they must know."),
    )
    #: numbers of the clients, and the query of the list that they were chosen in
    ids = HiddenField()
    chosen = HiddenField()
    form_key = HiddenField()


def ask(ids: Sequence[int], form: Any = None, *, chosen: str = "", status: int = 200) -> tuple[str, int]:
    """The page for these clients, empty or as it was sent."""
    if is_new := form is None:
        form = MailingForm(None, data={"ids": ",".join(map(str, ids)), "chosen": chosen[:CHOSEN_MOST]})
    form.form_key.process(None, once.new_key())
    return page(
        "mailing_new.html", status, form=form, n=len(ids), n_reachable=mailings.count_reachable(ids),
        back=url_for("clients.index_view"), groups=code_groups(MailKind.OWN_MAIL), is_draft=not is_new,
    )  # fmt: skip
