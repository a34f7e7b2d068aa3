"""Several rows at once: what is offered, the question before, what is refused, all of a list; the outbox and HOME's lines."""

import pytest
import sqlalchemy as sa

from admin_site import bulk
from foundation.db import db
from models import (
    Activity,
    Client,
    ClientLogin,
    ClientStatus,
    JobState,
    MailState,
    Notification,
    OutboxMail,
    Pet,
    PetStatus,
    PublicHoliday,
    ServiceItem,
    Staff,
    Vet,
)
from tests import factories as make
from tests.admin.crud.desk import forms_of
from tests.databases import count
from workflows.mail_facts import MailKind

pytestmark = pytest.mark.covers("S3")


def test_clients_are_archived_and_made_active(office, cast):
    for state in (JobState.SCHEDULED, JobState.SCHEDULED, JobState.CANCELLED):
        make.job(cast.bob, cast.walk, state=state)
    text = office.after(office.press("archive", [cast.alice, cast.bob], at="/admin/clients/"))
    assert "2 clients archived." in text
    assert "1 of them still has visits ahead." in text
    assert {cast.alice.status, cast.bob.status} == {ClientStatus.ARCHIVED}
    assert "1 client is active." in office.after(office.press("activate", [cast.bob], at="/admin/clients/?view=all"))
    assert cast.bob.status is ClientStatus.ACTIVE


def test_clients_are_invited_and_those_without_an_address_are_named(office, cast, outbox):
    nobody = make.client("Nora", "Nomail")
    make.client_login(cast.bob)
    text = office.after(office.press("invite", [cast.alice, nobody, cast.bob], at="/admin/clients/"))
    assert "1 invitation is on its way. 2 could not be done." in text
    assert "3 of 3 clients" in text
    for name, why in (("Nora Nomail", "This client has no mail address."), ("Bob Baker", "Has a password already.")):
        assert name in text
        assert why in text
    assert [m.to_address for m in outbox.mails(MailKind.SET_PASSWORD)] == ["alice@example.com"]
    assert count(ClientLogin) == 2


def test_what_asks_first_asks_on_a_page_of_its_own_without_javascript(office, cast):
    answer = office.press(
        "archive",
        [cast.alice, cast.bob],
        at="/admin/clients/?view=all",
        confirmed=False,
        url="/admin/clients/?view=all",
    )
    assert answer.status_code == 200
    assert "Archive these clients?" in answer.text
    assert "Alice Archer, Bob Baker" in answer.text
    assert cast.alice.status is ClientStatus.ACTIVE
    answer = office.send(office.form("/action/"))
    assert answer.headers["Location"] == "/admin/clients/?view=all"
    assert cast.alice.status is ClientStatus.ARCHIVED


def test_the_question_is_on_the_page_for_the_dialog_too(office, cast):
    text = office.open("/admin/clients/").text
    assert 'data-ask="Archive these clients?' in text
    assert '<dialog class="ui-dialog" id="ask"' in text
    assert "form=bulk " in text


def test_refused_ones_are_left_out_and_the_rest_is_done(office, cast):
    free = make.client("Fay", "Free")
    text = office.after(office.press("delete", [cast.bob, free], at="/admin/clients/"))
    assert "1 was deleted." in text
    assert "Bob Baker is used by other records and stays. Make it inactive instead." in text
    assert set(db.session.scalars(sa.select(Client.first_name))) == {"Alice", "Bob"}


def test_many_refusals_are_not_all_said(office, cast):
    for n in range(8):
        make.job(make.client("Hannah", f"Okafor {n}"), cast.walk)
    hannahs = db.session.scalars(sa.select(Client).where(Client.first_name == "Hannah")).all()
    text = office.after(office.press("delete", hannahs, at="/admin/clients/"))
    assert text.count("is used by other records") == 5
    assert "3 more were left out." in text


def test_nothing_ticked_and_nonsense_change_nothing(office, cast):
    assert "Nothing was ticked." in office.after(office.press("archive", [], at="/admin/clients/"))
    for ids in (["999999"], ["abc"], ["99999999999999999999"], ["1,2"], ["\0"], [""]):
        assert "Nothing was ticked." in office.after(
            office.post("/admin/clients/action/", action="archive", confirmed="yes", rowid=ids)
        )
    assert office.post("/admin/clients/action/", action="nothing", rowid="1").status_code == 400
    assert office.post("/admin/clients/action/", rowid="1").status_code == 400
    assert office.browser.get("/admin/clients/action/").status_code == 405
    assert count(Client, Client.status == ClientStatus.ARCHIVED) == 0


def test_there_is_a_limit_to_what_is_done_at_once(office, cast, monkeypatch):
    monkeypatch.setattr(bulk, "MOST_TICKED", 3)
    for n in range(4):
        make.vet(f"Vet {n}")
    text = office.after(office.press("deactivate", db.session.scalars(sa.select(Vet)).all(), at="/admin/vets/"))
    assert "At most 3 rows at once." in text
    assert count(Vet, Vet.is_active.is_(False)) == 0


def test_all_of_a_narrowed_list_over_its_pages(office, cast):
    for n in range(25):
        make.vet(f"Oakfield {n:02}")
    make.vet("Harbour")
    page = office.open("/admin/vets/?view=active&search=oakfield")
    form = next(f for f in forms_of(page.text) if "/action/" in f.action)
    assert form.options["all"] == ["yes"]
    assert "All 25 of this list" in page.text
    answer = office.send(form, action="deactivate", all="yes")
    assert "25 vets were changed." in office.after(answer)
    assert db.session.scalars(sa.select(Vet.name).where(Vet.is_active)).all() == ["Harbour"]


def test_pets_are_marked_and_stay(office, cast):
    office.after(office.press("inactive", [cast.biscuit], at="/admin/pets/"))
    office.after(office.press("deceased", [cast.mochi], at="/admin/pets/"))
    assert (cast.biscuit.status, cast.mochi.status) == (PetStatus.INACTIVE, PetStatus.DECEASED)
    office.after(office.press("with_us", [cast.biscuit], at="/admin/pets/"))
    assert (cast.biscuit.status, count(Pet)) == (PetStatus.ACTIVE, 3)


def test_services_are_shown_hidden_activated_and_deactivated(office, cast):
    for action, attribute, value in (
        ("hide", "visible_in_portal", False),
        ("show", "visible_in_portal", True),
        ("deactivate", "is_active", False),
        ("activate", "is_active", True),
    ):
        office.after(office.press(action, [cast.walk, cast.overnight], at="/admin/services/"))
        assert [getattr(s, attribute) for s in (cast.walk, cast.overnight)] == [value, value]
    assert count(ServiceItem, ServiceItem.visible_in_portal) == 3


def test_vets_and_team_are_activated_and_deactivated(office, cast, http, sign_in_as_staff):
    vet, sams = make.vet(), sign_in_as_staff(http(), cast.sam)
    office.after(office.press("deactivate", [vet], at="/admin/vets/"))
    assert vet.is_active is False
    office.after(office.press("activate", [vet], at="/admin/vets/"))
    text = office.after(office.press("deactivate", [cast.sam, cast.olivia], at="/admin/staff/"))
    assert "The business needs at least one active owner." in text
    assert (vet.is_active, cast.sam.is_active, cast.olivia.is_active) == (True, False, True)
    assert "/log-in" in sams.get("/staff/").headers["Location"]
    office.after(office.press("activate", [cast.sam], at="/admin/staff/"))
    assert count(Staff, Staff.is_active) == 4


def test_the_team_is_invited_from_the_list_and_from_the_details(office, cast, outbox):
    una = make.staff("Una", "Vance", email="una@example.com")
    office.after(office.press("invite", [una], at="/admin/staff/"))
    office.open(f"/admin/staff/details/?id={una.id}")
    button = next(f for f in forms_of(office.page.text) if f.fields.get("action") == "invite")
    answer = office.send(button)
    assert (answer.status_code, "Send a link" in answer.text) == (200, True)
    answer = office.send(office.form("/action/"))
    assert answer.headers["Location"] == f"/admin/staff/details/?id={una.id}"
    assert [m.to_address for m in outbox.mails(MailKind.SET_PASSWORD)] == ["una@example.com"] * 2


def test_holidays_are_closed_and_opened_and_a_countrys_are_loaded(office, cast):
    office.open("/admin/holidays/")
    form = next(f for f in forms_of(office.page.text) if "/load/" in f.action)
    assert (form.fields["country"], form.options["year"]) == ("United States", ["", "", ""])
    text = office.after(office.send(form, country="Canada", year="2027"))
    n = count(PublicHoliday)
    assert n > 4
    assert f"{n} holidays were added." in text
    assert "All of them are in the list already." in office.after(
        office.post("/admin/holidays/load/", country="ca", year="2027")
    )
    days = db.session.scalars(sa.select(PublicHoliday)).all()
    office.after(office.press("close", days, at="/admin/holidays/"))
    assert count(PublicHoliday, PublicHoliday.is_closed) == n
    office.after(office.press("open", days[:1], at="/admin/holidays/"))
    assert count(PublicHoliday, PublicHoliday.is_closed) == n - 1


@pytest.mark.parametrize(
    "typed",
    [
        {"country": "Atlantis", "year": "2027"},
        {"country": "CA", "year": "99999"},
        {"country": "CA", "year": "x"},
        {"country": "\0", "year": "2027"},
        {},
    ],
)
def test_a_country_or_a_year_that_is_none_is_said(office, cast, typed):
    assert "Enter a country, such as Canada or CA, and a year." in office.after(
        office.post("/admin/holidays/load/", **typed)
    )
    assert count(PublicHoliday) == 0


# -------------------------------------------------------------------------------------------------- HOME's lines, mails


def test_notifications_are_dismissed_and_stay_in_the_list(office, cast):
    line = make.notification(client=cast.alice, facts={"n_lines": 2})
    office.after(office.press("dismiss", [line], at="/admin/notifications/"))
    assert (line.dismissed_at is None, line.dismissed_by_id, count(Notification)) == (False, cast.olivia.id, 1)
    assert "Nothing to tell" in office.open("/admin/notifications/").text
    assert "Alice Archer" in office.open("/admin/notifications/?view=dismissed").text


@pytest.mark.covers("S4")
def test_failed_mails_are_sent_again_and_queued_ones_stopped(office, cast):
    failed, sent, queued = (
        make.outbox_mail(state=s, attempts=3) for s in (MailState.FAILED, MailState.SENT, MailState.QUEUED)
    )
    text = office.after(office.press("retry", [failed, sent], at="/admin/outbox/"))
    assert "1 mail is queued again." in text
    assert "that cannot be done any more" in text
    assert (failed.state, failed.attempts, sent.state) == (MailState.QUEUED, 0, MailState.SENT)
    text = office.after(office.press("cancel", [queued, sent], at="/admin/outbox/"))
    assert "1 mail was stopped." in text
    assert (queued.state, sent.state) == (MailState.CANCELLED, MailState.SENT)
    assert "outbox_mail.cancelled" in db.session.scalars(sa.select(Activity.verb)).all()


@pytest.mark.covers("S4")
def test_a_mail_shows_its_text_and_its_html_in_a_frame_that_can_do_nothing(office, cast):
    mail = make.outbox_mail(
        state=MailState.SENT,
        body_text="Hello <Alice>",
        body_html="<h1>Hello</h1><script>alert(1)</script>",
        cc_addresses=["kim@example.com"],
    )
    text = office.open(f"/admin/outbox/details/?id={mail.id}").text
    assert "Hello &lt;Alice&gt;" in text
    assert "kim@example.com" in text
    assert f'<iframe src="/admin/outbox/html/?id={mail.id}" sandbox ' in text.replace('class="ui-frame" ', "")
    assert "<script>alert" not in text
    frame = office.open(f"/admin/outbox/html/?id={mail.id}")
    policy = frame.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script-src" not in policy
    assert frame.text.startswith("<h1>Hello")
    office.open("/admin/outbox/html/?id=999", 404)


def test_a_mail_with_a_way_in_shows_no_text(office, cast):
    mail = make.outbox_mail(MailKind.SET_PASSWORD, state=MailState.SENT, facts={"link_serial": 77123})
    text = office.open(f"/admin/outbox/details/?id={mail.id}").text
    assert "is never kept" in text
    assert "77123" not in text
    assert count(OutboxMail) == 1


def test_the_log_tells_what_changed(office, cast):
    office.after(office.fill(f"/admin/clients/edit/?id={cast.alice.id}", city="Springfield"))
    line = db.session.scalars(sa.select(Activity).order_by(Activity.id.desc())).first()
    text = office.open(f"/admin/log/details/?id={line.id}").text
    assert "Olivia Owens changed the client Alice Archer" in text
    assert "Springfield" in text
    assert "Town" in text


def test_what_is_only_read_has_no_forms(lists, app):
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    for name in (
        "request_lines",
        "change_items",
        "activity",
        "outbox",
        "notifications",
        "stored_files",
        "report_cards",
        "custom_fields",
        "field_sections",
        "field_pages",
    ):
        for page in ("new", "edit", "delete", "ajax/lookup", "cell"):
            assert f"{lists[name].url}/{page}/" not in rules
    assert not any("ajax/update" in rule for rule in rules)


def test_visits_lead_to_their_own_pages(office, cast):
    assert office.browser.get("/admin/visits/new/").headers["Location"] == "/admin/visit/new"
    assert (
        office.browser.get(f"/admin/visits/edit/?id={cast.bobs_job.id}").headers["Location"]
        == f"/admin/visit/{cast.bobs_job.id}/"
    )
    assert office.browser.get("/admin/visits/edit/?id=999").status_code == 404
    page = office.open("/admin/visits/?view=all")
    assert f"/admin/visit/{cast.bobs_job.id}/" in page.text
    assert 'href="/admin/visit/new"' in page.text
