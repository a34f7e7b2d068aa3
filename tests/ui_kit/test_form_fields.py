"""What cannot be read is told in one sentence of ours; what is empty is for the validators to judge."""

import pytest
from flask import Flask
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms.validators import InputRequired, NumberRange, Optional

from ui_kit.form_fields import DateOfForm, TimeOfForm, WholeField

GOOD = {"pets": "2", "born": "1998-02-28", "at": "07:30", "days": "1"}


class Trial(FlaskForm):
    class Meta:
        csrf = False

    pets = WholeField("Pets", [InputRequired(_l("Fill this in.")), NumberRange(0, 9, "Enter 0 to 9.")])
    days = WholeField("Days", [Optional(), NumberRange(0, 9, "Enter 0 to 9.")])
    born = DateOfForm("Born on", [Optional()])
    at = TimeOfForm("At", [Optional()])


def errors_of(**typed: str) -> dict[str, list[str]]:
    form = Trial(MultiDict(GOOD | typed))
    form.validate()
    return {name: [str(error) for error in errors] for name, errors in form.errors.items() if name}


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("pets", "two", "Enter a whole number."),
        ("pets", "1e9", "Enter a whole number."),
        ("pets", "-5", "Enter 0 to 9."),
        ("pets", "", "Fill this in."),
        ("days", "NaN", "Enter a whole number."),
        ("born", "2026-02-31", "Choose a day, for example 2026-11-26."),
        ("born", "31/02/2026", "Choose a day, for example 2026-11-26."),
        ("at", "25:00", "Enter a time, for example 12:00."),
    ],
)
def test_one_sentence_for_what_is_wrong(mini: Flask, name: str, typed: str, said: str) -> None:
    with mini.test_request_context():
        assert errors_of(**{name: typed}) == {name: [said]}


def test_what_may_be_empty_may_be_empty(mini: Flask) -> None:
    with mini.test_request_context():
        assert errors_of() == errors_of(days="", born="", at=" ") == {}


def test_the_summary_says_texts_that_are_translated_late(mini: Flask, render) -> None:
    with mini.test_request_context():
        form = Trial(MultiDict(GOOD | {"pets": ""}))
        form.validate()
    assert '<a href="#pets">Pets</a>: Fill this in.</li>' in render("{{ ui.problems(form) }}", form=form)
