"""The second and third page of a new business: the first service and the first client, each in one short form."""

from decimal import Decimal
from typing import Any

from flask import flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange

from admin_site import words
from admin_site.number_fields import MoneyField
from admin_site.pages import Answer, WorkPage, page
from foundation.db import db
from models import Species
from ui_kit.form_fields import WholeField
from workflows import first_steps, once
from workflows.errors import WorkflowError
from workflows.permissions import Permission

_NEEDED = InputRequired(_l("Fill this in."))


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(FirstSteps(name="First steps", endpoint="first_steps", url="first-steps"))


class ServiceForm(FlaskForm):
    """What is offered first."""

    name = StringField(_l("Name"), validators=[_NEEDED, Length(max=120)], description=_l("As clients read it: Dog walk."))  # fmt: skip
    minutes = WholeField(_l("Minutes"), validators=[_NEEDED, NumberRange(1, 1440, _l("Enter a whole number from 1 to 1440."))])  # fmt: skip
    price = MoneyField(_l("Price"), validators=[_NEEDED])
    in_portal = BooleanField(_l("Clients can request it in the portal"))
    i_do_visits = BooleanField(_l("I do visits myself"), description=_l("You can be given visits, and have the pages for sitters on your phone."))  # fmt: skip


class ClientForm(FlaskForm):
    """The first client and a pet."""

    first_name = StringField(_l("First name"), validators=[_NEEDED, Length(max=120)])
    last_name = StringField(_l("Last name"), validators=[Length(max=120)])
    email = StringField(_l("Mail address"), validators=[Length(max=255)])
    phone = StringField(_l("Phone"), validators=[Length(max=40)])
    pet = StringField(_l("Name of a pet"), validators=[Length(max=120)])
    species = SelectField(_l("Kind"), validate_choice=True)
    invite = BooleanField(_l("Invite to the portal"), description=_l("They get a mail with a link to set a password."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.species.choices = [SelectChoice(kind.value, words.word(kind)) for kind in Species]


class FirstSteps(WorkPage):
    """One step a page; each can be left out, HOME's list reminds of it."""

    @expose("/")
    def index(self) -> Answer:
        """The first of them."""
        return redirect(url_for(".service"))

    @expose("/service", methods=("GET", "POST"))
    def service(self) -> Answer:
        """The first service."""
        self.actor.require(Permission.CATALOGUE)
        if request.method == "GET":
            form = ServiceForm(None, minutes=30, in_portal=True, i_do_visits=True)
            return page("first_service.html", form=form, form_key=once.new_key())
        form = ServiceForm(request.form)
        return self._saved(form, "first_service.html", url_for(".client"), lambda: self._service(form))

    @expose("/client", methods=("GET", "POST"))
    def client(self) -> Answer:
        """The first client."""
        self.actor.require(Permission.CLIENTS)
        if request.method == "GET":
            return page("first_client.html", form=ClientForm(None), form_key=once.new_key())
        form = ClientForm(request.form)
        return self._saved(form, "first_client.html", url_for("admin.index"), lambda: self._client(form))

    def _service(self, form: ServiceForm) -> str:
        item = first_steps.add_service(
            form.name.data or "", minutes=form.minutes.data or 0, price=form.price.data or Decimal(0),
            in_portal=form.in_portal.data, i_do_visits=form.i_do_visits.data, actor=self.actor,
        )  # fmt: skip
        return gettext("%(name)s is on your price list.", name=item.name)

    def _client(self, form: ClientForm) -> str:
        names = ("first_name", "last_name", "email", "phone")
        client, _pet = first_steps.add_client(
            {name: form[name].data or "" for name in names}, pet=form.pet.data or "",
            species=Species(form.species.data), invite=form.invite.data, actor=self.actor,
        )  # fmt: skip
        return gettext("%(name)s is your client. You are open.", name=client)

    def _saved(self, form: FlaskForm, template: str, onward: str, work: Any) -> Answer:
        """The work done once and the next step, or the form as it was with what is wrong."""
        if not form.validate():
            return page(template, 422, form=form, form_key=request.form.get("form_key") or once.new_key())
        try:
            once.claim(request.form.get("form_key"))
            said = work()
            db.session.commit()
        except WorkflowError as refusal:
            db.session.rollback()
            if refusal.code == "sent_twice":
                return redirect(onward, 303)
            name = {"pet_name": "pet", "duration_minutes": "minutes"}.get(refusal.field or "", refusal.field or "")
            field = next(iter(form)) if name not in form else form[name]
            field.errors = [*field.errors, refusal.say(gettext)]
            return page(template, 422, form=form, form_key=once.new_key())
        flash(said, "success")
        return redirect(onward, 303)
