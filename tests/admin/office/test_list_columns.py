"""P9: each person chooses and orders the columns of a list; saved views keep theirs; one press brings the usual ones back."""

import re

import pytest

from foundation.db import db
from models import ListColumns, SavedView
from tests import factories as make
from tests.databases import count, statements
from workflows import list_columns
from workflows.errors import Invalid

pytestmark = pytest.mark.covers("P9", "S3")


def heads(page):
    return [re.sub(r"<[^>]+>", "", h).strip() for h in re.findall(r'<th scope="col"[^>]*>(.*?)</th>', page.html)]


def test_columns_are_chosen_and_ordered_by_links_and_kept_for_this_person_alone(office, manager, cast):
    cast.alice.city = "Northampton"
    db.session.commit()
    usual = heads(office.get("/admin/clients/"))
    assert office.get("/admin/clients/?view=all").has_link("/admin/columns/clients/?view=all")
    page = office.get("/admin/columns/clients/?view=all").follow("Town").follow("Take off Status").follow("Up Town")
    assert "autofocus" in page.html
    once = page.follow("Only this time")
    assert heads(once) == ["Name", "Usual sitter", "Phone", "Town", "Log-in"]
    assert "Northampton" in once.main
    assert heads(office.get("/admin/clients/")) == usual
    page.press("Show me these from now on")
    assert heads(office.get("/admin/clients/")) == ["Name", "Usual sitter", "Phone", "Town", "Log-in"]
    assert heads(manager.get("/admin/clients/")) == usual
    # Pressed twice there is one row; the usual ones come back with one press.
    page.press("Show me these from now on")
    assert count(ListColumns) == 1
    office.get("/admin/columns/clients/").press("Back to the usual columns")
    assert (heads(office.get("/admin/clients/")), count(ListColumns)) == (usual, 0)


def test_a_saved_view_keeps_its_columns(office, cast):
    page = office.get("/admin/pets/?cols=birthday,born_on,species&view=all")
    assert heads(page) == ["Name", "Birthday", "Kind"]
    office.get("/admin/pets/?cols=born_on,species&view=all").follow("Save this view").press("Save", name="Birthdays")
    view = db.session.query(SavedView).one()
    assert "cols=born_on%2Cspecies" in view.arguments
    assert heads(office.get("/admin/pets/").follow("Birthdays")) == ["Name", "Birthday", "Kind"]
    # Paging, sorting and searching keep them.
    assert "cols=born_on%2Cspecies" in office.get("/admin/pets/?cols=born_on,species&view=all").link("Name")


def test_the_list_asks_no_more_than_before_and_nonsense_is_left_out(office, cast):
    def asked(url):
        with statements() as sent:
            office.get(url)
        return len(sent)

    for n in range(8):
        make.client(f"C{n}", "D")
    db.session.commit()
    plain = asked("/admin/clients/")
    every = ",".join(
        c for c in ("address_line1", "city", "postcode", "client_type", "tax_rate", "payment_terms", "notes", "email")
    )
    list_columns.choose("clients", every.split(","), actor=cast.as_olivia)
    db.session.commit()
    assert asked("/admin/clients/") == plain + 1, "entities ask for their log-ins by themselves"
    assert heads(office.get("/admin/clients/?cols=nonsense,%00,<b>,status")) == ["Name", "Status"]
    assert office.get("/admin/columns/nothing/", 404)
    with pytest.raises(Invalid):
        list_columns.choose("clients", [f"c{n}" for n in range(13)], actor=cast.as_olivia)
    too_many = office.post("/admin/columns/clients/", names=",".join(["name"] * 5 + ["nonsense"]))
    assert too_many.status == 200
