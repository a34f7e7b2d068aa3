"""State, province or county in addresses: on papers and mails, in files, on the pages for clients and sitters."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, CustomField, FieldArea, FieldPage, ImportKind, StaffAccess
from tests import factories as make
from workflows import field_defaults, field_order, homes, people, search, sitter_access, sitter_mails
from workflows.billing.parties import client_party
from workflows.importing.matching import guess


def standing():
    """The columns of the clients' address fields in their order."""
    address = sa.select(CustomField.section_id).where(CustomField.column == "client.city").scalar_subquery()
    rows = sa.select(CustomField.column).where(CustomField.section_id == address)
    return [c.partition(".")[2] for c in db.session.scalars(rows.order_by(CustomField.position, CustomField.id))]


def without_region(cast):
    """The usual pages as they were before there were regions."""
    field_defaults.install(FieldArea.CLIENT, actor=cast.as_olivia)
    db.session.execute(sa.delete(CustomField).where(CustomField.column == "client.region"))
    db.session.expire_all()


@pytest.mark.parametrize(
    ("city", "region", "postcode", "line"),
    [
        ("Springfield", "MA", "01101", "Springfield, MA 01101"),
        ("Springfield", "", "01101", "Springfield 01101"),
        ("Sydney", "NSW", "", "Sydney, NSW"),
        ("", "Ontario", "K1A 0B1", "Ontario K1A 0B1"),
        ("", "", "", ""),
    ],
)
def test_the_town_is_written_with_what_is_known(cast, city, region, postcode, line):
    cast.alice.city, cast.alice.region, cast.alice.postcode = city, region, postcode
    assert homes.town_line(cast.alice) == line


def test_it_stands_on_papers_and_in_sitters_mails(cast):
    people.change_client(
        cast.alice,
        {"address_line1": "12 Elm Street", "city": "Springfield", "region": "MA", "postcode": "01101"},
        actor=cast.as_olivia,
    )
    assert client_party(cast.alice).address == ("12 Elm Street", "Springfield, MA 01101")
    assert sitter_mails.address_of(cast.alice) == "12 Elm Street, Springfield, MA 01101"
    (line,) = db.session.scalars(sa.select(Activity).where(Activity.verb == "client.changed"))
    assert line.facts["changes"]["region"] == ["", "MA"]


def test_sitters_who_do_not_read_the_town_do_not_read_the_region(cast):
    without_region(cast)
    assert "client.region" not in sitter_access.closed_columns()
    db.session.execute(
        sa.update(CustomField).where(CustomField.column == "client.city").values(staff_access=StaffAccess.HIDDEN)
    )
    assert sitter_access.closed_columns() >= {"client.city", "client.region"}
    field_defaults.add_missing(FieldArea.CLIENT, actor=cast.as_olivia)
    assert "client.region" not in sitter_access.closed_columns(), "it has a field of its own now"


def test_pages_from_before_get_the_field_behind_the_town_once(cast):
    without_region(cast)
    assert standing() == ["address_line1", "address_line2", "city", "postcode"]
    (field,) = field_defaults.add_missing(FieldArea.CLIENT, actor=cast.as_olivia)
    assert (field.label, standing()) == (
        "State or province",
        ["address_line1", "address_line2", "city", "region", "postcode"],
    )
    assert field_defaults.add_missing(FieldArea.CLIENT, actor=cast.as_olivia) == []


def test_what_stands_on_a_page_already_or_has_no_neighbour_is_not_offered(cast):
    without_region(cast)
    city = db.session.scalars(sa.select(CustomField).where(CustomField.column == "client.city")).one()
    page = make.field_page(FieldArea.CLIENT, name="Ours")
    offered = field_defaults.missing(FieldArea.CLIENT, field_order.pages_of(FieldArea.CLIENT))
    assert [(ask.column, before) for ask, before in offered] == [("client.region", city)]
    db.session.execute(sa.update(FieldPage).where(FieldPage.id != page.id).values(retired_at=sa.func.now()))
    assert field_defaults.missing(FieldArea.CLIENT, field_order.pages_of(FieldArea.CLIENT)) == []
    assert field_defaults.missing(FieldArea.PET, []) == []


@pytest.mark.parametrize(
    ("head", "style"), [("State", ""), ("Province", ""), ("State or province", ""), ("State/Province", ""), ("County", "pet_sitter_plus"), ("State", "time_to_pet")],
)  # fmt: skip
def test_files_are_guessed_to_have_it(head, style):
    assert guess(ImportKind.CLIENTS, ["First name", "City", head, "Zip", "Status"], style)["region"] == head


def test_clients_are_found_by_it(cast):
    people.change_client(cast.alice, {"city": "Springfield", "region": "Massachusetts"}, actor=cast.as_olivia)
    db.session.commit()
    assert "Alice Archer" in [hit.title for hit in search.find("massachus", actor=cast.as_olivia)]
