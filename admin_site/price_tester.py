"""The rule tester: choose a visit, see its price and pay line by line, and for every rule whether it applies."""

import datetime as dt
from typing import Any

from flask import request
from flask_admin import expose
from flask_babel import lazy_gettext as _l
from wtforms import Form, validators

from admin_site import lookups, price_words
from admin_site.converters import LocalMomentField, RecordField
from foundation import clock
from ui_kit.form_fields import DateOfForm, TimeOfForm, WholeField
from workflows import price_testing
from workflows.price_list import MOST_PETS
from workflows.stretches import MAX_STAY_DAYS

_NEEDED = validators.InputRequired(_l("Fill this in."))


class TrialForm(Form):
    """What a price is asked for. Sent by GET: it changes nothing, and its address can be passed on."""

    service_item = RecordField(lookups.service(), label=_l("Service"))
    on_date = DateOfForm(_l("Day"), [_NEEDED])
    begins = TimeOfForm(
        _l("Begins at"), [validators.Optional()], format=["%H:%M", "%H:%M:%S"],
        description=_l("Its time, or the start of its time block."),
    )  # fmt: skip
    n_pets = WholeField(_l("Pets"), [_NEEDED, validators.NumberRange(0, MOST_PETS, _l("Enter a whole number."))])
    n_days = WholeField(
        _l("Nights"), [_NEEDED, validators.NumberRange(1, MAX_STAY_DAYS, _l("Enter a whole number."))],
        description=_l("1 for all but stays."),
    )  # fmt: skip
    client = RecordField(lookups.client(), label=_l("Client"), allow_blank=True, blank=_l("Nobody in particular"))
    client_type = RecordField(
        lookups.client_type(), label=_l("Client type"), allow_blank=True, blank=_l("None"),
        description=_l("Counts when no client is chosen."),
    )  # fmt: skip
    booked_at = LocalMomentField(_l("Booked on"), [_NEEDED], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


class PriceTester:
    """The part of the list of rules that tries them out."""

    render: Any

    @expose("/try/")
    def try_out(self) -> str | tuple[str, int]:
        """The form, and what it comes to."""
        asked = "try" in request.args
        today = clock.today()
        form = TrialForm(
            request.args if asked else None, on_date=today + dt.timedelta(days=7), n_pets=1, n_days=1,
            begins=dt.time(12), booked_at=clock.now(),
        )  # fmt: skip
        trial, item = None, form.service_item.data
        if asked and form.validate() and item is not None:
            trial = price_testing.try_out(
                item,
                on_date=form.on_date.data,
                n_pets=form.n_pets.data,
                n_days=form.n_days.data,
                begins=form.begins.data,
                booked_at=form.booked_at.data,
                client=form.client.data,
                client_type_id=form.client_type.data.id if form.client_type.data else None,
            )
        page: str = self.render(
            "admin/prices/try.html",
            form=form,
            trial=trial,
            effect=price_words.effect,
            price_lines=price_words.lines(trial.figures.lines) if trial else [],
            pay_lines=price_words.lines(trial.figures.pay_lines) if trial else [],
        )
        return page if trial or not asked else (page, 422)
