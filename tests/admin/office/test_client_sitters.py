"""V6 in the office: noting preferred and blocked sitters, and what the choices of a sitter make of it."""

import pytest

from foundation.db import db
from models import ClientSitter
from tests import factories as make
from workflows import client_sitters

pytestmark = pytest.mark.covers("V6")


def test_a_sitter_is_preferred_then_blocked_then_forgotten(office, cast):
    url = f"/admin/client-sitters/{cast.alice.id}/"
    page = office.get(f"/admin/client/{cast.alice.id}/").follow("Change preferred and blocked sitters")
    assert "All sitters are alike for this client." in page.main
    page = page.press("Preferred", sitter=cast.sita.id, note="Mochi loves her")
    assert "Sita Singh Mochi loves her Preferred" in page.main
    make.job(cast.alice, cast.walk, sitter=cast.sita, pets=[cast.biscuit])
    page = page.press("Never send", sitter=cast.sita.id, note="")
    assert "Sita Singh still has 1 visit here." in page.html
    assert "Sita Singh Never" in office.get(f"/admin/client/{cast.alice.id}/").main
    page = office.get(url).press("Remove Sita Singh")
    assert "All sitters are alike" in page.main
    assert db.session.query(ClientSitter).count() == 0


def test_what_is_too_long_comes_back_as_it_was_typed_and_unknown_ids_are_not_found(office, cast):
    url = f"/admin/client-sitters/{cast.alice.id}/"
    page = office.get(url).press("Preferred", sitter=cast.sita.id, note="y" * 300)
    assert (page.status, "y" * 300 in page.html, "Use at most 255 characters." in page.main) == (422, True, True)
    assert office.get("/admin/client-sitters/999999/", 404)
    assert office.get(url).press("Preferred", sitter=999999).status == 404


def test_preferred_sitters_come_first_and_blocked_ones_last_in_every_choice(office, cast, alices_request):
    zoe = make.staff("Zoe", "Zander")
    client_sitters.choose(cast.alice, zoe, is_blocked=False, actor=cast.as_olivia)
    client_sitters.choose(cast.alice, cast.sam, is_blocked=True, actor=cast.as_olivia)
    job = make.job(cast.alice, cast.walk, sitter=cast.sita, pets=[cast.biscuit])
    db.session.commit()
    for url in (f"/admin/visit/{job.id}/", f"/admin/moves/{job.id}/", f"/admin/visit/new?client={cast.alice.id}", f"/admin/job-requests/{cast.alice.id}/"):  # fmt: skip
        page = office.get(url).html
        places = [page.index(f'value="{s.id}"', page.index("Unassigned")) for s in (zoe, cast.sita, cast.sam)]
        assert places == sorted(places), url


def test_the_batch_and_the_move_say_that_it_cannot_be_done_and_have_no_button_to_do_it_anyway(
    office, cast, alices_request
):
    client_sitters.choose(cast.alice, cast.sam, is_blocked=True, actor=cast.as_olivia)
    job = make.job(cast.alice, cast.walk, sitter=cast.sita, pets=[cast.biscuit])
    db.session.commit()
    page = office.get(f"/admin/moves/{job.id}/").press("Move visit", sitter=cast.sam.id)
    assert "Sam Stone is never to be sent to this client." in page.main
    assert "Move anyway" not in page.html
    batch, line = f"/admin/job-requests/{cast.alice.id}/", alices_request.lines[0]
    page = office.get(batch).press("Schedule visits", line=[line.id], **{f"sitter-{line.id}": cast.sam.id})
    assert "Never to be sent to this client" in page.main
    assert "Schedule anyway" not in page.html
    db.session.refresh(job)
    assert (job.sitter, line.state.value) == (cast.sita, "submitted")


def test_the_board_refuses_without_asking(http, cast, sign_in_as_staff, app, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    client_sitters.choose(cast.alice, cast.sam, is_blocked=True, actor=cast.as_olivia)
    job = make.job(cast.alice, cast.walk, sitter=cast.sita, pets=[cast.biscuit])
    data = {
        "job": job.id,
        "version": job.version,
        "date": job.on_date.isoformat(),
        "time": "12:00",
        "sitter": cast.sam.id,
    }
    answer = sign_in_as_staff(http(), cast.olivia).post("/admin/board/moves", data=data)
    assert (answer.status_code, "conflicts" in answer.json) == (409, False)
    assert "never to be sent" in answer.json["error"]
