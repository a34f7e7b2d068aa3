"""The usual pages: there once, whole, in order, with the columns of ours on them and nothing asked twice."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import (
    Activity,
    Client,
    CustomField,
    FieldArea,
    FieldPage,
    FieldSection,
    Pet,
    PortalAccess,
    Species,
    StaffAccess,
)
from tests import factories as make
from workflows import custom_fields, field_defaults, field_order
from workflows.errors import NotAllowed


def names(area):
    return [(p.name, p.species) for p in field_order.pages_of(area)]


@pytest.mark.covers("D1", "D2")
def test_a_new_business_has_pages_for_clients_pets_staff_and_report_cards(cast):
    field_defaults.install(actor=cast.as_olivia)
    assert [name for name, _s in names(FieldArea.CLIENT)] == [
        "Contact details", "Property location & security", "House visit routine", "Overnight requests",
    ]  # fmt: skip
    pets = names(FieldArea.PET)
    assert {"Details", "Feeding", "Medication", "Behaviour", "Sleeping"} <= {n for n, s in pets if s is None}
    assert (("Walks & play", Species.DOG) in pets, ("Litter & play", Species.CAT) in pets) == (True, True)
    assert [name for name, _s in names(FieldArea.STAFF)] == ["About", "Emergency contact"]
    assert [name for name, _s in names(FieldArea.REPORT)] == ["Report card"]


@pytest.mark.covers("D1")
def test_the_page_about_the_home_asks_for_parking_entry_key_alarm_and_photos(cast):
    field_defaults.install(FieldArea.CLIENT, actor=cast.as_olivia)
    asked = (
        sa.select(FieldSection.name, CustomField.label, CustomField.kind)
        .join(FieldSection.fields)
        .join(FieldSection.page)
    )
    rows = db.session.execute(asked.where(FieldPage.name == "Property location & security").order_by(CustomField.id))
    found = {(section, label, kind.value) for section, label, kind in rows}
    assert found >= {
        ("Finding you", "Parking", "long_text"), ("Finding you", "Finding the door", "long_text"),
        ("Getting in", "Key place or door code", "long_text"), ("Getting in", "Alarm code", "text"),
        ("Getting in", "Using the alarm", "long_text"), ("Photos", "The entrance", "image"),
    }  # fmt: skip


@pytest.mark.covers("D1", "V6")
def test_alarm_code_and_key_place_are_secrets_that_sitters_see_around_visits_only(cast):
    field_defaults.install(FieldArea.CLIENT, actor=cast.as_olivia)
    for label in ("Alarm code", "Key place or door code"):
        field = db.session.scalars(sa.select(CustomField).where(CustomField.label == label)).one()
        assert (field.is_secret, field_order.narrowed(field)[2]) == (True, StaffAccess.RESTRICTED)
        assert field.show_if is not None


@pytest.mark.covers("D2")
def test_each_column_of_ours_that_clients_fill_in_stands_on_a_page_once(cast):
    field_defaults.install(actor=cast.as_olivia)
    columns = set(db.session.scalars(sa.select(CustomField.column).where(CustomField.column.is_not(None))))
    assert columns == {
        *(f"client.{c}" for c in ("first_name", "last_name", "email", "phone", "address_line1", "address_line2", "city", "region", "postcode")),
        *(f"pet.{c}" for c in ("name", "breed", "born_on", "warning", "feeding", "medication", "notes")),
    }  # fmt: skip
    tables = {"client": Client, "pet": Pet}
    assert all(hasattr(tables[c.split(".")[0]], c.split(".")[1]) for c in columns)


def test_a_second_time_nothing_is_added_and_an_area_of_one_s_own_is_left_alone(cast):
    own = make.field_page(FieldArea.CLIENT, name="Ours", retired_at=None)
    added = field_defaults.install(actor=cast.as_olivia)
    assert FieldArea.CLIENT not in {p.area for p in added}
    assert field_defaults.install(actor=cast.as_olivia) == []
    assert names(FieldArea.CLIENT) == [("Ours", None)]
    custom_fields.retire(own, actor=cast.as_olivia)
    assert field_defaults.install(FieldArea.CLIENT, actor=cast.as_olivia) == []


def test_the_texts_are_put_into_the_business_s_language(cast):
    (page,) = field_defaults.install(FieldArea.REPORT, actor=cast.as_olivia, say=lambda text: f"<{text}>")
    texts = [page.name, *(s.name for s in page.sections), *(f.label for f in field_order.fields_below(page))]
    texts += [c["label"] for f in field_order.fields_below(page) for c in f.choices]
    assert all(text.startswith("<") for text in texts)
    assert page.portal_access is PortalAccess.VIEW


def test_every_part_is_logged_and_only_who_may_design_adds_them(cast):
    pages = field_defaults.install(FieldArea.STAFF, actor=cast.as_max)
    logged = db.session.scalars(sa.select(Activity.facts).where(Activity.verb == "field_page.added"))
    assert [f["name"] for f in logged] == [p.name for p in pages]
    with pytest.raises(NotAllowed):
        field_defaults.install(FieldArea.CLIENT, actor=cast.as_sam)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(FieldPage)) == len(pages)


def test_the_command_that_makes_the_first_owner_adds_them(app, monkeypatch):
    monkeypatch.setenv("OWNER_PASSWORD", "long enough for us")
    words = ["owner", "create", "--first-name", "Rosa", "--last-name", "Reed", "--email"]
    for email in ("rosa@example.com", "rita@example.com"):
        done = app.test_cli_runner().invoke(args=[*words, email])
        assert done.exit_code == 0, done.output
    db.session.rollback()
    n_usual = sum(len(sheets) for sheets in field_defaults.USUAL.values())
    assert db.session.scalar(sa.select(sa.func.count()).select_from(FieldPage)) == n_usual
