"""V2: a report card is written without a connection, whole, and arrives once; what is refused is said, and nothing typed is lost."""

import pytest
from playwright.sync_api import expect

from foundation import clock
from foundation.db import db, mark_request
from models import FieldArea, FieldKind, Job, JobState, PortalAccess, ReportCard, StaffAccess
from tests import factories as make
from tests.browser.test_offline import WAITING, day_is_kept, installed
from workflows import field_values, report_cards, report_views
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.report_cards import Typed

pytestmark = [pytest.mark.browser, pytest.mark.covers("V2", "V6")]
FEW = [{"key": key, "label": key.title()} for key in ("happy", "shy")]
MANY = [{"key": f"w{n}", "label": f"Way {n}"} for n in range(9)]
#: label, kind, more
QUESTIONS = (
    ("Mood", FieldKind.CHOICE, {"choices": FEW}),
    ("Why", FieldKind.LONG_TEXT, {}),
    ("Way taken", FieldKind.CHOICE, {"choices": MANY}),
    ("Toilet", FieldKind.MULTI_CHOICE, {"choices": [{"key": "wee", "label": "Wee"}, {"key": "poo", "label": "Poo"}]}),
    ("Ate well", FieldKind.YES_NO, {}),
    ("Minutes", FieldKind.NUMBER, {}),
    ("Next bath", FieldKind.DATE, {}),
    ("Weather", FieldKind.TEXT, {}),
    ("Vet's mail", FieldKind.EMAIL, {}),
    ("Vet's phone", FieldKind.PHONE, {}),
    ("Video", FieldKind.LINK, {}),
    ("Door locked", FieldKind.TASK, {"is_required": True, "help": "Twice round."}),
    ("Bowl", FieldKind.IMAGE, {}),
    ("Safe", FieldKind.TEXT, {"staff_access": StaffAccess.RESTRICTED}),
)


@pytest.fixture
def visit(live):
    """Sam is at Alice's. Whoever is shy is asked why."""
    mark_request(reads_only=False)
    cast, now = live.cast, clock.local_now()
    cast.alice.address_line1 = "12 Gate Lane"
    section = make.field_section(make.field_page(FieldArea.REPORT, portal_access=PortalAccess.VIEW), name="How it went")
    made = {
        label: make.custom_field(section, label=label, kind=kind, position=position, **more)
        for position, (label, kind, more) in enumerate(QUESTIONS)
    }
    made["Why"].show_if = {"field": made["Mood"].public_id, "values": ["shy"]}
    job = make.job(
        cast.alice, cast.walk, sitter=cast.sam, on_date=now.date(), start_time=now.time().replace(microsecond=0),
        pets=[cast.biscuit], acknowledged_at=clock.now(), state=JobState.IN_PROGRESS, checked_in_at=clock.now(),
    )  # fmt: skip
    db.session.commit()
    job_id = job.id
    mark_request(reads_only=True)
    return job_id


@pytest.fixture
def sam(visitor, visit):
    """Sam, whose phone keeps the day."""
    sam = visitor("phone").log_in("office", "sam@example.com")
    page = sam.go("/staff/")
    installed(sam)
    day_is_kept(page)
    return sam


def in_the_cellar(sam):
    """No signal from here on, and the card's form open."""
    sam.page.context.set_offline(True)
    sam.page.goto(sam.url + "/staff/")
    return opened(sam)


def opened(sam):
    sam.page.get_by_text("Write the report card").click()
    return sam.page.get_by_role("article").filter(has_text="Alice Archer")


def kept(card):
    expect(card.get_by_role("status").last).to_have_text("Kept on this phone, not sent yet.")


def card_of(live, visit):
    live.look_again()
    return db.session.scalar(db.select(ReportCard).where(ReportCard.job_id == visit))


def answers(card):
    layout, values = report_views.layout_of(card.job), field_values.read(card)
    return {p.field.label: words for p in layout.fields.values() if (words := values.shown(p.field))}


def by_the_office(live, visit, work):
    """Something that somebody else does to the card meanwhile."""
    live.look_again()
    mark_request(reads_only=False)
    work(report_cards.draft_of(db.session.get(Job, visit), actor=COMMAND_LINE))
    db.session.commit()
    mark_request(reads_only=True)


def served(sam):
    """The page of the server came back by itself."""
    sam.page.get_by_text("More", exact=True).wait_for()


def with_a_signal(sam):
    sam.page.context.set_offline(False)


def test_the_whole_card_is_written_in_a_dead_spot_kept_when_the_tab_is_closed_and_arrives_once(live, visit, sam):
    card = in_the_cellar(sam)
    expect(card.get_by_label("Why")).to_be_hidden()
    expect(card.get_by_text("With a connection only: Bowl, Safe.")).to_be_visible()
    card.get_by_label("Shy").check()
    card.get_by_label("Why").fill("Thunder")
    card.get_by_label("Way taken").select_option("Way 7")
    card.get_by_label("Wee").check()
    card.get_by_label("Poo").check()
    card.get_by_role("group", name="Ate well").get_by_label("No", exact=True).check()
    card.get_by_label("Minutes").fill("32.5")
    card.get_by_label("Next bath").fill("2026-12-24")
    card.get_by_label("Weather").fill("Rain & <b>wind</b>")
    card.get_by_label("Vet's mail").fill("vet@example.com")
    card.get_by_label("Vet's phone").fill("212 555 0123")
    card.get_by_label("Video").fill("https://example.com/v")
    card.get_by_label("Door locked").check()
    card.get_by_label("Message to the client").fill("Two puddles.")
    card.get_by_label("Note to the office").fill("Leash worn")
    kept(card)
    sam.look_in_every_way("offline-report", sizes=("phone", "small"))
    # The tab is closed and opened again, still without a connection.
    context = sam.page.context
    sam.page.close()
    page = sam.page = context.new_page()
    page.goto(live.url + "/staff/")
    card = opened(sam)
    expect(card.get_by_label("Why")).to_have_value("Thunder")
    expect(card.get_by_label("Way taken")).to_have_value("w7")
    expect(card.get_by_label("Poo")).to_be_checked()
    expect(card.get_by_label("Door locked")).to_be_checked()
    expect(card.get_by_label("Note to the office")).to_have_value("Leash worn")
    assert card_of(live, visit) is None
    before = clock.now()
    # Two tabs send when it is back.
    context.set_offline(False)
    second = context.new_page()
    second.goto(live.url + "/staff/")
    expect(card.get_by_role("status").last).to_have_text("Saved at the office as a draft.")
    expect(page.get_by_text("There is a connection again. What")).to_be_visible()
    assert page.evaluate(WAITING) == 0
    sam.look()
    saved = card_of(live, visit)
    assert (saved.message, saved.office_note, saved.version) == ("Two puddles.", "Leash worn", 2)
    assert saved.saved_at < before
    assert answers(saved) == {
        "Mood": "Shy", "Why": "Thunder", "Way taken": "Way 7", "Toilet": "Wee, Poo", "Ate well": "No",
        "Minutes": "32.5", "Next bath": "Dec 24, 2026", "Weather": "Rain & <b>wind</b>", "Vet's mail": "vet@example.com",
        "Vet's phone": "(212) 555-0123", "Video": "https://example.com/v", "Door locked": "Done",
    }  # fmt: skip


def test_what_is_written_while_the_first_answer_is_lost_meets_nobody_and_counts_once(live, visit, sam):
    card = in_the_cellar(sam)
    card.get_by_label("Message to the client").fill("One puddle.")
    kept(card)
    lost = []

    def lose(route):
        route.fetch()
        lost.append(route.request.post_data_json["key"])
        route.abort()

    sam.page.context.route("**/report/draft", lose, times=1)
    with sam.page.context.expect_event("requestfailed", lambda request: request.url.endswith("/report/draft")):
        with_a_signal(sam)
    assert card_of(live, visit).message == "One puddle."
    card.get_by_label("Message to the client").fill("One puddle. Two sticks.")
    with sam.page.expect_response("**/report/draft") as again:
        sam.page.evaluate("dispatchEvent(new Event('online'))")
    assert again.value.request.post_data_json["key"] == lost[0]
    expect(card.get_by_role("status").last).to_have_text("Saved at the office as a draft.")
    assert card_of(live, visit).message == "One puddle. Two sticks."
    card.get_by_label("Message to the client").fill("Three sticks.")
    expect(card.get_by_role("status").last).to_have_text("Kept on this phone, not sent yet.")
    expect(card.get_by_role("status").last).to_have_text("Saved at the office as a draft.")
    assert card_of(live, visit).message == "Three sticks."


def test_what_cannot_be_kept_is_said_at_the_answer_and_the_rest_is_saved(live, visit, sam):
    card = in_the_cellar(sam)
    card.get_by_label("Minutes").fill("3x")
    card.get_by_label("Weather").fill("Rain")
    kept(card)
    with_a_signal(sam)
    told = sam.page.get_by_role("alert")
    expect(told).to_contain_text("Minutes: Enter a number, for example 12.5.")
    expect(told).to_contain_text("3x")
    expect(card.get_by_label("Minutes")).to_have_attribute("aria-invalid", "true")
    expect(card.get_by_role("status").last).to_have_text("Not all of it could be saved: see the top of this page.")
    sam.look_in_every_way("offline-report-problem", sizes=("phone",))
    assert answers(card_of(live, visit)) == {"Weather": "Rain"}
    # It is there until it is put right, also on the pages that are served.
    sam.go("/staff/").get_by_text("could not be saved").wait_for()
    sam.look()
    sam.page.get_by_role("link", name="See what you wrote").click()
    card = opened(sam)
    card.get_by_label("Minutes").fill("3")
    expect(card.get_by_role("status").last).to_have_text("Saved at the office as a draft.")
    assert answers(card_of(live, visit)) == {"Weather": "Rain", "Minutes": "3"}


def test_two_who_wrote_the_same_answer_meet_and_one_is_chosen(live, visit, sam):
    card = in_the_cellar(sam)
    card.get_by_label("Message to the client").fill("From the cellar.")
    card.get_by_label("Weather").fill("Rain")
    kept(card)
    theirs = Typed(texts={"message": "From the office.", "office_note": "Call"}, base=1)
    by_the_office(live, visit, lambda card: report_cards.save_draft(card, theirs, actor=COMMAND_LINE))
    with_a_signal(sam)
    told = sam.page.get_by_role("alert")
    expect(told).to_contain_text("Somebody else changed this report card meanwhile.")
    expect(told).to_contain_text("From the cellar.")
    expect(told).to_contain_text("Changed meanwhile to: From the office.")
    sam.look_in_every_way("offline-report-crossed", sizes=("phone",))
    saved = card_of(live, visit)
    assert (saved.message, answers(saved)) == ("From the office.", {})
    told.get_by_role("button", name="Use what I wrote").click()
    served(sam)
    saved = card_of(live, visit)
    assert (saved.message, saved.office_note, answers(saved)) == ("From the cellar.", "Call", {"Weather": "Rain"})


def test_a_card_that_was_sent_meanwhile_is_left_alone_and_the_words_can_be_read_here(live, visit, sam):
    card = in_the_cellar(sam)
    card.get_by_label("Message to the client").fill("From the cellar.")
    kept(card)

    def send(card):
        fields = {
            p.key: "yes" for p in report_views.layout_of(card.job).fields.values() if p.field.label == "Door locked"
        }
        report_cards.save_draft(card, Typed(fields, {"message": "All well."}, base=1), actor=COMMAND_LINE)
        report_cards.send(card, actor=staff_actor(live.cast.max))

    by_the_office(live, visit, send)
    with_a_signal(sam)
    told = sam.page.get_by_role("alert")
    expect(told).to_contain_text("Ask the office to correct it.")
    expect(told).to_contain_text("From the cellar.")
    expect(told.get_by_role("button")).to_have_text(["Delete what I wrote"])
    expect(sam.page.get_by_text("Write the report card")).to_have_count(0)
    assert card_of(live, visit).message == "All well."
    told.get_by_role("button").click()
    served(sam)
    assert sam.page.evaluate(WAITING) == 0


def test_who_lost_the_visit_meanwhile_is_told_and_keeps_the_own_words_alone(live, visit, sam):
    card = in_the_cellar(sam)
    card.get_by_label("Message to the client").fill("From the cellar.")
    kept(card)
    mark_request(reads_only=False)
    db.session.get(Job, visit).sitter = live.cast.sita
    db.session.commit()
    mark_request(reads_only=True)
    assert "12 Gate Lane" in sam.page.content()
    with_a_signal(sam)
    told = sam.page.get_by_role("alert")
    expect(told).to_contain_text("The report card of this visit is not yours to write any more.")
    expect(told).to_contain_text("From the cellar.")
    assert "12 Gate Lane" not in sam.page.content()
    assert card_of(live, visit) is None
    # On a phone that is handed on it is not left behind by chance.
    page = sam.go("/staff/")
    page.get_by_text("could not be saved").wait_for()
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Log out").last.click()
    expect(page.get_by_role("alert")).to_contain_text("Something of yours on this phone is not sent.")
    sam.look()
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Log out").last.click()
    page.wait_for_url("**/office/log-in")
    assert page.evaluate(WAITING) == 0


def test_another_person_on_the_same_phone_sends_nothing_of_the_first(live, visit, sam):
    card = in_the_cellar(sam)
    card.get_by_label("Message to the client").fill("From the cellar.")
    kept(card)
    written = clock.now()
    context = sam.page.context
    sam.page.close()
    context.set_offline(False)
    context.clear_cookies()
    sam.page = context.new_page()
    sam.log_in("office", "sita@example.com")
    page = sam.go("/staff/")
    day_is_kept(page)
    expect(page.get_by_text("Kept on this phone and not sent yet:")).to_be_hidden()
    assert card_of(live, visit) is None
    context.clear_cookies()
    sam.log_in("office", "sam@example.com")
    page = sam.go("/staff/keys")
    assert page.evaluate(WAITING) == 0
    saved = card_of(live, visit)
    assert (saved.message, saved.saved_at <= written) == ("From the cellar.", True)


def test_the_connection_goes_while_the_page_of_the_card_is_open_and_the_page_is_closed(live, visit, sam):
    public_id = db.session.get(Job, visit).public_id
    page = sam.go(f"/staff/visits/{public_id}/report")
    page.get_by_label("Weather").fill("Rain")
    expect(page.get_by_text("Saved at")).to_be_visible()
    context = page.context
    context.set_offline(True)
    page.get_by_label("Message to Alice").fill("One puddle.")
    page.get_by_label("Poo").check()
    expect(page.locator("#draft-state")).to_have_text("Kept on this phone, not sent yet.")
    # It stays open: it sends what it has itself, and nothing is left on the phone.
    context.set_offline(False)
    expect(page.locator("#draft-state")).to_contain_text("Saved at")
    assert page.evaluate(WAITING) == 0
    assert (card_of(live, visit).message, answers(card_of(live, visit))) == (
        "One puddle.",
        {"Weather": "Rain", "Toilet": "Poo"},
    )
    # What is locked away goes to no phone.
    context.set_offline(True)
    page.get_by_label("Safe").fill("4711")
    expect(page.locator("#draft-state")).to_contain_text("Not saved yet: there is no connection.")
    assert page.evaluate(WAITING) == 0
    context.set_offline(False)
    expect(page.locator("#draft-state")).to_contain_text("Saved at")
    # It is closed: the same address shows it, filled in, from the phone.
    context.set_offline(True)
    page.get_by_label("Message to Alice").fill("One puddle, two sticks.")
    expect(page.locator("#draft-state")).to_have_text("Kept on this phone, not sent yet.")
    page.close()
    page = sam.page = context.new_page()
    page.goto(f"{live.url}/staff/visits/{public_id}/report")
    expect(page.get_by_label("Message to the client")).to_have_value("One puddle, two sticks.")
    expect(page.get_by_label("Poo")).to_be_checked()
    sam.look()
    context.set_offline(False)
    expect(page.get_by_role("article").get_by_role("status").last).to_have_text("Saved at the office as a draft.")
    assert page.evaluate(WAITING) == 0
    assert card_of(live, visit).message == "One puddle, two sticks."
