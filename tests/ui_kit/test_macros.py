"""The macros: what they render, that they escape, that they speak the reader's language."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from flask import Flask, flash, render_template_string
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    FieldList,
    FileField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from tests.ui_kit.samples import UI
from ui_kit import month_grid
from ui_kit.month import DayItem

EVIL = '<img src=x onerror="x">'
Render = Callable[..., str]


class PetForm(FlaskForm):
    class Meta:
        csrf = False

    name = StringField("Name", [DataRequired("Enter the name.")], description="As on the collar.")
    notes = TextAreaField("Notes")
    species = SelectField("Species", choices=[SelectChoice("dog", "Dog"), SelectChoice("cat", "Cat")])
    times = SelectMultipleField("Times", choices=[SelectChoice("m", "Morning"), SelectChoice("e", EVIL)])
    kind = RadioField(
        "Time type",
        choices=[SelectChoice("s", "Standard"), SelectChoice("b", "Block")],
        validators=[DataRequired("Choose one.")],
    )
    photo = FileField("Photo")
    visible = BooleanField("Visible in portal", description="Clients can ask for it.")
    born = DateField("Born on")
    at = TimeField("At")
    walks = IntegerField("Walks")
    secret = HiddenField(default="s3")
    likes = FieldList(StringField("Likes"), min_entries=1)


@pytest.fixture
def form(mini: Flask) -> PetForm:
    with mini.test_request_context():
        return PetForm()


@pytest.fixture
def bad_form(mini: Flask) -> PetForm:
    with mini.test_request_context():
        form = PetForm(MultiDict({"name": "", "notes": EVIL, "species": "dog"}))
        form.validate()
        return form


def test_icon_is_hidden_from_screen_readers_and_unknown_ones_are_a_paw(render: Render) -> None:
    assert re.fullmatch(
        r'<svg class="ui-icon big" aria-hidden="true"><use href="/static/\w{6}/i.svg#i-home"/></svg>',
        render("{{ ui.icon('home', 'big') }}"),
    )
    assert "#i-paw" in render("{{ ui.icon('no-such-icon') }}")


def test_pet_is_a_drawing_a_photo_or_a_paw(render: Render) -> None:
    drawn = render("{{ ui.pet('Dog', 7, 'Biscuit', 's56') }}")
    assert 'class="ui-pet ui-pet--c ui-pet--s56" role="img" aria-label="Biscuit"' in drawn
    assert "#pet-dog" in drawn
    assert "#i-paw" in render("{{ ui.pet('parrot') }}")
    assert '<img src="/p.webp" alt=""' in render("{{ ui.pet('dog', photo_url='/p.webp') }}")
    assert 'aria-hidden="true"' in render("{{ ui.pet('dog') }}")


def test_pets_come_as_a_row(render: Render) -> None:
    html = render("{{ ui.pets(animals) }}", animals=[{"kind": "cat", "look": "c", "name": "Mochi"}])
    assert 'aria-label="Mochi"' in html
    assert "ui-pet--s32" in html


def test_who_runs_through_four_colours(render: Render) -> None:
    assert "ui-who--0 ui-who--s32" in render("{{ ui.who('TR') }}")
    assert "ui-who--1" in render("{{ ui.who('TR', 5) }}")


def test_chip_has_an_icon_and_a_word(render: Render) -> None:
    html = render("{{ ui.chip('req') }}")
    assert "#i-hourglass" in html
    assert "REQ: waiting" in html
    assert "Change asked" in render("{{ ui.chip('change', 'Change asked') }}")
    assert "<use" not in render("{{ ui.chip('mute', 'Archived') }}")


def test_count_is_read_aloud_and_nothing_at_none(render: Render) -> None:
    assert render("{{ ui.count(0, 'none') }}") == ""
    assert '<span class="ui-vh">3 waiting</span>' in render("{{ ui.count(3, '3 waiting') }}")


@pytest.mark.parametrize(
    "source",
    [
        "{{ ui.chip('req', x) }}",
        "{{ ui.pet('dog', name=x) }}",
        "{{ ui.who(x) }}",
        "{{ ui.count(1, x) }}",
        "{% call ui.banner() %}{{ x }}{% endcall %}",
        "{{ ui.empty('cat', x, x) }}",
        "{{ ui.page_head(x, x) }}",
        "{{ ui.breadcrumb([(x, x), (x, none)]) }}",
        "{{ ui.tabs([(x, x, true, x)], x) }}",
        "{{ ui.filters([(x, x, true, x)], x) }}",
        "{{ ui.button_form(x, x, fields={x: x}, described=x) }}",
        "{{ ui.toast(x, x, x) }}",
        "{{ ui.menu_link(x, x) }}{{ ui_menu_post(x, x) }}",
        "{% call ui.dialog('d', x, action=x, confirm=x, fields={'a': x}) %}{{ x }}{% endcall %}",
        "{% call ui.advanced(x) %}{{ x }}{% endcall %}",
        "{{ ui_brand(x, x, x) }}{{ ui_contact(x, x, x) }}",
        "{{ ui.progress(1, 2, x) }}{{ ui.bars([(x, 1, x, true)], x) }}",
        "{{ ui.sort_link(x, x, 'asc') }}",
    ],
)
def test_every_macro_escapes_what_it_is_given(render: Render, source: str) -> None:
    assert "<img src=x" not in render(source, x=EVIL)


def test_banner_has_the_icon_of_its_kind(render: Render) -> None:
    html = render("{% call ui.banner('danger', role='alert') %}No{% endcall %}")
    assert 'class="ui-banner ui-banner--danger" role="alert"' in html
    assert "#i-alert-triangle" in html


def test_flashes_are_banners_with_the_right_role(mini: Flask) -> None:
    with mini.test_request_context():
        flash("5 visits scheduled.", "success")
        flash("It was not taken.", "error")
        flash(EVIL, "warning")
        flash("By the way.", "info")
        flash("Plain.")
        html = render_template_string(UI + "{{ ui_flashes() }}")
    kinds = re.findall(r'ui-banner--(\w+)" role="(\w+)"', html)
    assert kinds == [("ok", "status"), ("danger", "alert"), ("req", "status"), ("info", "status"), ("ok", "status")]
    assert "<img" not in html


def test_button_form_posts_with_the_token(render: Render) -> None:
    html = render("{{ ui.button_form('/x', 'Withdraw', 'ghost', 'x', {'id': 7}, described='the change') }}")
    assert '<form class="ui-inline" method="post" action="/x"><input type="hidden" name="csrf_token" value="' in html
    assert '<input type="hidden" name="id" value="7">' in html
    assert '<span class="ui-vh"> the change</span>' in html


def test_field_links_label_hint_and_error(render: Render, bad_form: PetForm) -> None:
    html = render("{{ ui.field(form.name, mark='required', autocomplete='off') }}", form=bad_form)
    assert '<label class="ui-label" for="name">Name <span class="ui-need" aria-hidden="true">*</span></label>' in html
    assert '<span class="ui-hint" id="name-hint">As on the collar.</span>' in html
    assert 'aria-describedby="name-hint name-error"' in html
    assert 'aria-invalid="true"' in html
    assert 'autocomplete="off"' in html
    assert 'class="ui-input"' in html
    assert "Enter the name." in html


def test_field_without_errors_says_only_what_is_there(render: Render, form: PetForm) -> None:
    html = render("{{ ui.field(form.notes, mark='optional', hint='', class_='ui-input--w20') }}", form=form)
    assert "(optional)" in html
    assert "aria-" not in html
    assert 'class="ui-input ui-input--w20"' in html


def test_field_escapes_values_and_choices(render: Render, bad_form: PetForm) -> None:
    html = render(
        "{{ ui.field(form.notes) }}{{ ui.field(form.times) }}{{ ui.field(form.times, as_='tiles') }}", form=bad_form
    )
    assert "<img" not in html


@pytest.mark.parametrize(
    "name", ["name", "notes", "species", "times", "kind", "photo", "visible", "born", "at", "walks", "likes"]
)
def test_every_kind_of_field_has_a_name_for_screen_readers(render: Render, form: PetForm, name: str) -> None:
    html = render("{{ ui.field(form[name]) }}", form=form, name=name)
    ids = set(re.findall(r'<(?:input|select|textarea)[^>]*\bid="([^"]+)"', html))
    assert ids
    assert ids == set(re.findall(r'<label[^>]*\bfor="([^"]+)"', html))


def test_hidden_field_is_bare(render: Render, form: PetForm) -> None:
    assert (
        render("{{ ui.field(form.secret) }}", form=form) == '<input id="secret" name="secret" type="hidden" value="s3">'
    )


def test_radio_is_a_group_with_a_legend(render: Render, bad_form: PetForm) -> None:
    html = render("{{ ui.field(form.kind) }}", form=bad_form)
    assert re.search(
        r'<fieldset class="ui-field" aria-describedby="kind-error"><legend class="ui-label">Time type', html
    )
    assert html.count('type="radio"') == 2


def test_multiple_choices_as_tiles_are_ticks(render: Render, form: PetForm) -> None:
    html = render("{{ ui.field(form.times, as_='tiles') }}", form=form)
    assert html.count('type="checkbox"') == 2
    assert "ui-choice--pill" in html


def test_file_field_has_a_place_for_the_preview(render: Render, form: PetForm) -> None:
    html = render("{{ ui.field(form.photo, accept='image/*') }}", form=form)
    assert 'class="ui-drop"><img alt="The photo that you chose" hidden>' in html
    assert 'accept="image/*"' in html


def test_field_with_signs_around_it(render: Render, form: PetForm) -> None:
    html = render("{{ ui.field(form.walks, before='£', after='a day') }}", form=form)
    assert re.search(r'<div class="ui-affix"><span>£</span><input[^>]*><span>a day</span></div>', html)


def test_switch_is_a_checkbox_with_the_role(render: Render, form: PetForm) -> None:
    html = render("{{ ui.switch(form.visible) }}", form=form)
    assert 'role="switch"' in html
    assert 'aria-describedby="visible-hint"' in html


def test_problems_lists_each_error_with_a_link(render: Render, bad_form: PetForm, form: PetForm) -> None:
    html = render("{{ ui.problems(form) }}", form=bad_form)
    assert 'role="alert" tabindex="-1"' in html
    assert '<a href="#name">Name</a>: Enter the name.' in html
    assert '<a href="#kind-0">Time type</a>: Choose one.' in html
    assert "2 things need another look" in html
    assert render("{{ ui.problems(form) }}", form=form) == ""


def test_dialog_posts_and_close_has_the_focus(render: Render) -> None:
    html = render("{% call ui.dialog('c', 'Cancel?', action='/x', confirm='Yes, cancel') %}<p>Why</p>{% endcall %}")
    assert (
        '<dialog class="ui-dialog" id="c" aria-labelledby="c-h"><form class="ui-dialog__in" method="post" action="/x">'
        in html
    )
    assert '<button class="ui-btn" type="button" data-dialog-close autofocus>Close</button>' in html
    assert '<button class="ui-btn ui-btn--danger">Yes, cancel</button>' in html
    assert "csrf_token" in html
    assert "csrf_token" not in render("{% call ui.dialog('c', 'Read') %}x{% endcall %}")


def test_advanced_is_closed_unless_asked(render: Render) -> None:
    assert '<details class="ui-advanced"><summary>' in render("{% call ui.advanced() %}x{% endcall %}")
    assert 'ui-advanced" open>' in render("{% call ui.advanced(open=true) %}x{% endcall %}")


def test_breadcrumb_ends_where_we_are(render: Render) -> None:
    html = render("{{ ui.breadcrumb([('Clients', '/c'), ('Hannah', '/h')]) }}")
    assert '<a href="/c">Clients</a>' in html
    assert '<span aria-current="page">Hannah</span>' in html


def test_pagination_links_neighbours_ends_and_marks_the_page(render: Render) -> None:
    html = render("{{ ui.pagination(6, 12, url) }}", url=lambda n: f"?page={n}")
    assert re.findall(r'href="\?page=(\d+)"', html) == ["5", "1", "5", "6", "7", "12", "7"]
    assert '<a href="?page=6" aria-current="page" aria-label="Page 6">6</a>' in html
    assert "Page 6 of 12" in html


def test_one_page_needs_no_pagination(render: Render) -> None:
    assert render("{{ ui.pagination(1, 1, url) }}", url=str) == ""
    assert "<nav" not in render("{{ ui.pagination(1, 1, url, '3 clients') }}", url=str)


def test_menu_works_without_script(render: Render) -> None:
    html = render(
        "{% call ui.menu('More', only_icon=true) %}{{ ui.menu_link('A', '/a', 'x', true) }}{{ ui_menu_post('Out', '/out') }}{% endcall %}"
    )
    assert re.search(
        r'<details class="ui-menu"><summary class="ui-btn ui-btn--sm ui-btn--icon" aria-label="More">', html
    )
    assert '<a class="ui-menu__item" href="/a" aria-current="page">' in html
    assert '<form method="post" action="/out">' in html


@pytest.fixture
def november(mini: Flask) -> object:
    today = dt.date(2026, 11, 23)
    with mini.test_request_context():
        return month_grid(
            dt.date(2026, 11, 1),
            today=today,
            items={today: [DayItem(k, "12:00", EVIL, "requested") for k in ("req", "scheduled", "done")]},
            selected=[today],
            day_url=lambda day: f"/day/{day}",
            reasons={dt.date(2026, 11, 24): "closed"},
            notes={dt.date(2026, 11, 26): "holiday rate"},
        )


def test_month_cuts_a_name_with_a_sign_and_no_time(mini: Flask, render: Render) -> None:
    today = dt.date(2026, 11, 23)
    items = [
        DayItem("scheduled", "12:00", "Walk", "Scheduled", short="12"), DayItem("scheduled", "", "Gassi kurz", "Scheduled", short="Gassi kurz"),
        DayItem("req", "", "Gassi kurz", "Requested", short="Gassi kurz"),
    ]  # fmt: skip
    with mini.test_request_context():
        grid = month_grid(dt.date(2026, 11, 1), today=today, items={today: items})
    html = render("{{ ui.month(grid, 'Visits in November', 3) }}", grid=grid)
    assert re.findall(r'"ui-pill ui-pill--\w+(?: ui-pill--name)?', html) == [
        '"ui-pill ui-pill--scheduled', '"ui-pill ui-pill--scheduled ui-pill--name', '"ui-pill ui-pill--req',
    ]  # fmt: skip


def test_month_has_a_link_for_each_day_and_words_for_screen_readers(render: Render, november: object) -> None:
    html = render("{{ ui.month(grid, 'Visits in November') }}", grid=november)
    assert html.count("<td>") == 42
    assert 'href="/day/2026-11-23" aria-current="date"' in html
    assert "Monday 23 November, today, shown below" in html
    assert "Tuesday 24 November, nothing booked" in html
    assert "+1 more" in html
    assert html.count("REQ:") == 2
    assert "<img" not in html
    assert re.findall(r'<abbr title="(\w+)">', html)[0] == "Monday"


def test_month_picker_ticks_each_date_once(render: Render, november: object) -> None:
    html = render("{{ ui.month_picker(grid, 'd', 'Days') }}", grid=november)
    assert html.count('type="checkbox"') == 30
    assert '<input type="checkbox" name="d" value="2026-11-23" checked>' in html
    assert '<input type="checkbox" name="d" value="2026-11-24" disabled>' in html
    assert "Thursday 26 November, holiday rate" in html


def test_age_bar_is_a_picture_without_styles(render: Render) -> None:
    html = render("{{ ui.age_bar([50, 0, 25, 25]) }}")
    assert re.findall(r'class="is-(\d)" x="([\d.]+)" y="0" width="([\d.]+)"', html) == [
        ("1", "0", "497.0"),
        ("3", "500.0", "247.0"),
        ("4", "750.0", "247.0"),
    ]
    assert "<rect" not in render("{{ ui.age_bar([0, 0]) }}")


def test_bars_stand_beside_a_table(render: Render) -> None:
    html = render("{{ ui.bars([('Mon', 2, '2', false), ('Tue', 4, '4', true)], 'Visits') }}")
    assert re.findall(r'y="([\d.]+)"', html) == ["50.0", "0.0"]
    assert "<caption>Visits</caption>" in html
    assert "<figure>" in render("{{ ui.bars([], 'Visits') }}")


def test_the_second_reader_gets_their_own_language(
    render: Render, mini: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Imported macros are kept: nothing of the first request's language may stay in them."""
    first = render("{{ ui.chip('done') }}{{ ui.month_head(grid, '/', '/') }}", "en_GB", grid={"title": "x"})
    monkeypatch.setattr("flask_babel.Domain.get_translations", lambda _self: _Shout())
    second = render("{{ ui.chip('done') }}{{ ui.month_head(grid, '/', '/') }}", "de", grid={"title": "x"})
    assert "Done" in first
    assert "DONE" in second
    assert "NEXT MONTH" in second


class _Shout:
    def ugettext(self, text: str) -> str:
        return text.upper()

    gettext = ugettext
