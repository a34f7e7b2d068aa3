"""Report cards: one for each visit, nothing that was typed is lost, checked when it is sent, read by who may."""

import dataclasses
import datetime as dt

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import (
    Activity,
    FieldArea,
    FieldKind,
    FilePurpose,
    JobState,
    Notification,
    NotificationKind,
    PortalAccess,
    ReportCard,
    ReportState,
    StaffAccess,
    StoredFile,
)
from tests import factories as make
from tests import sent_files as sent
from workflows import (
    custom_fields,
    erasing,
    field_defaults,
    field_kinds,
    field_values,
    file_access,
    files,
    privacy,
    report_cards,
    report_photos,
    report_views,
    settings,
    visits,
)
from workflows.actors import COMMAND_LINE, client_actor, staff_actor
from workflows.errors import Conflict, Invalid, NotAllowed, WrongState
from workflows.field_saving import Unfit
from workflows.mail_facts import MailKind
from workflows.report_cards import Crossed, NotReady, Typed
from workflows.uploads import Upload, photo

MONDAY = dt.date(2026, 11, 23)


@pytest.fixture
def visit(cast):
    """Sam is at Alice's with Biscuit."""
    return make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=MONDAY, pets=[cast.biscuit], state=JobState.IN_PROGRESS)  # fmt: skip


@pytest.fixture
def page(cast):
    return make.field_page(FieldArea.REPORT, name="How it went", portal_access=PortalAccess.VIEW)


def ask(page, label, kind=FieldKind.TEXT, **more):
    section = page.sections[0] if page.sections else make.field_section(page)
    return make.custom_field(section, label=label, kind=kind, **more)


def card_of(visit, actor, *, message="A good walk.", values=None):
    card = report_cards.draft_of(visit, actor=actor)
    report_cards.save_draft(card, Typed(values or {}, {"message": message}, base=card.version), actor=actor)
    return card


def a_photo(name="park.jpg", color=sent.RED):
    return photo(Upload(name, sent.with_place() if color is None else sent.picture("JPEG", color=color)))


# ---------------------------------------------------------------------------------------------------------- drafts


@pytest.mark.covers("V2")
def test_a_visit_has_one_card_written_by_its_own_sitter_or_the_office(cast, visit):
    card = report_cards.draft_of(visit, actor=cast.as_sam)
    assert report_cards.draft_of(visit, actor=cast.as_olivia) is card
    assert (card.state, card.staff, card.job) == (ReportState.DRAFT, cast.sam, visit)
    for stranger in (staff_actor(cast.sita), cast.as_alice):
        with pytest.raises(NotAllowed):
            report_cards.draft_of(visit, actor=stranger)
    visit.sitter = cast.sita
    db.session.flush()
    with pytest.raises(NotAllowed):
        report_cards.save_draft(card, Typed(texts={"message": "x"}), actor=cast.as_sam)


@pytest.mark.parametrize(("state", "day"), [(JobState.CANCELLED, MONDAY), (JobState.VOIDED, MONDAY), (JobState.SCHEDULED, MONDAY + dt.timedelta(days=1))])  # fmt: skip
def test_a_visit_that_is_off_or_to_come_has_nothing_to_report(cast, visit, state, day):
    visit.state, visit.on_date, visit.ends_on = state, day, day
    db.session.flush()
    with pytest.raises(WrongState):
        report_cards.draft_of(visit, actor=cast.as_sam)


@pytest.mark.covers("V2")
def test_what_cannot_be_kept_yet_is_named_and_all_else_is_kept(cast, visit, page):
    walked, minutes = ask(page, "Walked", FieldKind.TASK), ask(page, "Minutes", FieldKind.NUMBER)
    card = report_cards.draft_of(visit, actor=cast.as_sam)
    typed = Typed({walked.public_id: "yes", minutes.public_id: "4x"}, {"message": " Wet dog ", "office_note": "n" * 2001}, base=card.version)  # fmt: skip
    saved = report_cards.save_draft(card, typed, actor=cast.as_sam)
    assert set(saved.problems) == {minutes.public_id, "office_note"}
    values = field_values.read(card)
    assert (card.message, values.of(walked), values.of(minutes), values.shown(walked)) == ("Wet dog", True, None, "Done")  # fmt: skip


@pytest.mark.covers("V2")
def test_a_save_that_arrives_twice_changes_nothing_the_second_time(cast, visit):
    card = report_cards.draft_of(visit, actor=cast.as_sam)
    first = Typed(texts={"message": "One"}, base=card.version)
    report_cards.save_draft(card, first, actor=cast.as_sam, key="k" * 20)
    version = card.version
    assert not report_cards.save_draft(card, first, actor=cast.as_sam, key="k" * 20).problems
    assert (card.message, card.version) == ("One", version)
    report_cards.save_draft(card, Typed(texts={"message": "Two"}, base=version), actor=cast.as_olivia)
    with pytest.raises(Crossed) as crossed:
        report_cards.save_draft(card, first, actor=cast.as_sam, key="k" * 20)
    assert [(s.theirs, s.mine) for s in crossed.value.sides] == [("Two", "One")]
    assert card.message == "Two"


@pytest.mark.covers("V2")
def test_two_who_write_at_once_meet_only_where_both_wrote_and_nothing_is_lost(cast, visit, page):
    mood, food = ask(page, "Mood"), ask(page, "Food")
    card = report_cards.draft_of(visit, actor=cast.as_sam)
    old = card.version
    seen = report_cards.marks_of(card, report_views.layout_of(visit), field_values.read(card))
    report_cards.save_draft(card, Typed({mood.public_id: "Happy"}, {"message": "Office"}, base=old), actor=cast.as_olivia)  # fmt: skip
    other = Typed({food.public_id: "All", mood.public_id: "Shy"}, {"office_note": "Late"}, seen, old)
    with pytest.raises(Crossed) as crossed:
        report_cards.save_draft(card, other, actor=cast.as_sam)
    assert [(s.label, s.theirs, s.mine) for s in crossed.value.sides] == [("Mood", "Happy", "Shy")]
    untouched = dataclasses.replace(other, values={food.public_id: "All", mood.public_id: ""})
    saved = report_cards.save_draft(card, untouched, actor=cast.as_sam)
    assert (saved.base, set(saved.marks)) == (old, {food.public_id, "office_note"})
    values = field_values.read(card)
    assert (values.of(mood), values.of(food), card.message, card.office_note) == ("Happy", "All", "Office", "Late")
    with pytest.raises(Crossed):
        report_cards.save_draft(card, Typed(texts={"message": "Sam"}, base=old), actor=cast.as_sam)
    assert card.message == "Office"


def test_a_sitter_does_not_write_what_is_hidden_from_sitters(cast, visit, page):
    inner = ask(page, "Office says", staff_access=StaffAccess.HIDDEN)
    card = card_of(visit, cast.as_sam, values={inner.public_id: "x"})
    assert field_values.read(card).of(inner) is None
    report_cards.save_draft(card, Typed({inner.public_id: "x"}, base=card.version), actor=cast.as_olivia)
    assert field_values.read(card).of(inner) == "x"


# --------------------------------------------------------------------------------------------------------- sending


@pytest.mark.covers("V2")
def test_required_fields_and_tasks_stand_against_sending_and_nothing_is_lost(cast, visit, page, outbox):
    ask(page, "Door locked", FieldKind.TASK, is_required=True)
    mood = ask(page, "Mood", is_required=True)
    why = ask(page, "Why", is_required=True, show_if={"field": mood.public_id, "values": []})
    card = card_of(visit, cast.as_sam, message="Wet")
    with pytest.raises(NotReady) as refused:
        report_cards.send(card, actor=cast.as_sam)
    assert [f.label for f in refused.value.left] == ["Door locked", "Mood"]
    assert "Door locked, Mood" in refused.value.say()
    door = page.sections[0].fields[0]
    report_cards.save_draft(card, Typed({door.public_id: "yes", mood.public_id: "Shy"}, base=card.version), actor=cast.as_sam)  # fmt: skip
    with pytest.raises(NotReady, match="Why"):
        report_cards.send(card, actor=cast.as_sam)
    report_cards.save_draft(card, Typed({why.public_id: "Thunder"}, base=card.version), actor=cast.as_sam)
    report_cards.send(card, actor=cast.as_sam)
    assert (card.state, card.message) == (ReportState.SENT, "Wet")
    facts = outbox.facts(MailKind.REPORT_CARD, to="alice@example.com")
    assert [tuple(a) for a in facts.answers] == [("Door locked", "Done"), ("Mood", "Shy"), ("Why", "Thunder")]


@pytest.mark.covers("V2")
def test_sending_mails_the_client_once_and_is_logged(cast, visit, outbox, page):
    hidden = ask(page, "Between us", portal_access=PortalAccess.HIDDEN)
    make.client_login(cast.alice)
    card = card_of(visit, cast.as_sam, values={hidden.public_id: "secret"})
    report_cards.send(card, actor=cast.as_sam)
    facts = outbox.facts(MailKind.REPORT_CARD)
    assert (facts.card, facts.message, facts.answers, facts.in_portal, facts.visit.price) == (card.public_id, "A good walk.", (), True, "")  # fmt: skip
    for again in (cast.as_sam, cast.as_olivia):
        with pytest.raises(WrongState):
            report_cards.send(card, actor=again)
    with pytest.raises(WrongState):
        report_cards.save_draft(card, Typed(texts={"message": "late"}), actor=cast.as_sam)
    assert len(outbox.mails(MailKind.REPORT_CARD)) == 1
    assert db.session.scalars(sa.select(Activity.client_id).where(Activity.verb == "report_card.sent")).all() == [cast.alice.id]  # fmt: skip


@pytest.mark.covers("V2")
def test_a_client_without_portal_gets_the_photos_with_the_mail(cast, visit, outbox):
    card = card_of(visit, cast.as_sam)
    kept = report_photos.add(card, [a_photo(), a_photo(color=(0, 90, 0))], actor=cast.as_sam)
    report_cards.send(card, actor=cast.as_sam)
    facts, mail = outbox.facts(MailKind.REPORT_CARD), outbox.one(MailKind.REPORT_CARD)
    assert (facts.in_portal, facts.n_photos, facts.n_along, mail.file_ids) == (False, 2, 2, [f.id for f in kept])


def test_nothing_is_mailed_when_that_is_off_or_the_service_is_internal(cast, visit, outbox):
    cast.walk.is_internal = True
    db.session.flush()
    report_cards.send(card_of(visit, cast.as_sam), actor=cast.as_sam)
    cast.walk.is_internal = False
    settings.change({"reports.mail": False}, actor=COMMAND_LINE)
    other = make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=MONDAY, state=JobState.COMPLETED)
    report_cards.send(card_of(other, cast.as_sam), actor=cast.as_sam)
    assert len(outbox) == 0


def test_a_card_is_sent_from_the_visit_on_and_says_something(cast, visit):
    empty = report_cards.draft_of(visit, actor=cast.as_sam)
    with pytest.raises(Invalid):
        report_cards.send(empty, actor=cast.as_sam)
    report_cards.save_draft(empty, Typed(texts={"message": "x"}, base=empty.version), actor=cast.as_sam)
    visit.state = JobState.SCHEDULED
    db.session.flush()
    with pytest.raises(WrongState, match="Check in first"):
        report_cards.send(empty, actor=cast.as_sam)
    settings.change({"reports.on": False}, actor=COMMAND_LINE)
    with pytest.raises(WrongState, match="switched off"):
        report_cards.send(empty, actor=cast.as_sam)


@pytest.mark.covers("V2")
def test_where_it_is_needed_no_visit_is_completed_without_a_sent_card(cast, visit):
    settings.change({"reports.needed": True}, actor=COMMAND_LINE)
    card = card_of(visit, cast.as_sam)
    with pytest.raises(WrongState, match="report card first"):
        visits.complete(visit, actor=cast.as_sam)
    report_cards.send(card, actor=cast.as_sam)
    assert visits.complete(visit, actor=cast.as_sam).state is JobState.COMPLETED


def test_a_note_to_the_office_stands_on_home(cast, visit):
    card = report_cards.draft_of(visit, actor=cast.as_sam)
    report_cards.save_draft(card, Typed(texts={"message": "m", "office_note": "Food runs out"}, base=card.version), actor=cast.as_sam)  # fmt: skip
    report_cards.send(card, actor=cast.as_sam)
    line = db.session.scalars(sa.select(Notification).where(Notification.kind == NotificationKind.REPORT_SENT)).one()
    assert (line.facts["sitter"], line.facts["about"], line.facts["job_id"]) == ("Sam", ["Food runs out"], visit.id)


# ------------------------------------------------------------------------------------------------- after it was sent


@pytest.mark.covers("V2")
def test_the_office_puts_a_sent_card_right_with_old_and_new_in_the_log(cast, visit, page, outbox):
    mood = ask(page, "Mood")
    card = card_of(visit, cast.as_sam, values={mood.public_id: "Happy"})
    with pytest.raises(WrongState):
        report_cards.correct(card, Typed(texts={"message": "x"}), actor=cast.as_olivia)
    report_cards.send(card, actor=cast.as_sam)
    with pytest.raises(NotAllowed):
        report_cards.correct(card, Typed(texts={"message": "x"}, base=card.version), actor=cast.as_sam)
    with pytest.raises(Unfit):
        report_cards.correct(card, Typed(texts={"message": "x" * 5001}, base=card.version), actor=cast.as_olivia)
    report_cards.correct(card, Typed({mood.public_id: "Calm"}, {"message": "A calm walk."}, base=card.version), actor=cast.as_olivia, mail=True)  # fmt: skip
    facts = db.session.scalars(sa.select(Activity.facts).where(Activity.verb == "report_card.corrected")).one()
    assert facts["changes"] == {"Mood": ["Happy", "Calm"], "Message": ["A good walk.", "A calm walk."]}
    assert (card.message, card.corrected_at is not None) == ("A calm walk.", True)
    assert [m.facts["is_corrected"] for m in outbox.mails(MailKind.REPORT_CARD)] == [False, True]
    report_cards.correct(card, Typed(texts={"message": "A calm walk."}), actor=cast.as_olivia, mail=True)
    assert len(outbox.mails(MailKind.REPORT_CARD)) == 2


@pytest.mark.covers("V2")
def test_a_client_thanks_once_and_the_sitter_hears_of_it(cast, visit, outbox):
    card = card_of(visit, cast.as_sam)
    with pytest.raises(NotAllowed):
        report_cards.thank(card, actor=cast.as_alice)
    report_cards.send(card, actor=cast.as_sam)
    with pytest.raises(NotAllowed):
        report_cards.thank(card, actor=cast.as_bob)
    login = make.client_login(cast.alice)
    report_cards.thank(card, actor=client_actor(cast.alice, login), words=" You made our day ")
    assert (card.thanks, card.thanked_by, card.thanked_at is not None) == ("You made our day", login, True)
    with pytest.raises(WrongState, match="already"):
        report_cards.thank(card, actor=cast.as_alice, words="again")
    facts = outbox.facts(MailKind.REPORT_THANKED, to="sam@example.com")
    assert (facts.client_name, facts.message, facts.visit.price) == ("Alice Archer", "You made our day", "")
    line = db.session.scalars(sa.select(Notification).where(Notification.kind == NotificationKind.REPORT_THANKED)).one()
    assert (line.client_id, line.facts["about"]) == (cast.alice.id, ["You made our day"])


# --------------------------------------------------------------------------------------------------- who reads what


@pytest.mark.covers("V2", "P4")
def test_clients_read_sent_cards_of_own_visits_that_they_see(cast, visit):
    def reads(client):
        return report_views.find(card.public_id, report_views.of_client(client)) is not None

    card = card_of(visit, cast.as_sam)
    assert not reads(cast.alice)
    report_cards.send(card, actor=cast.as_sam)
    assert (reads(cast.alice), reads(cast.bob)) == (True, False)
    for thing, name, value in ((visit, "state", JobState.VOIDED), (cast.walk, "is_internal", True)):
        before = getattr(thing, name)
        setattr(thing, name, value)
        db.session.flush()
        assert not reads(cast.alice)
        setattr(thing, name, before)
        db.session.flush()
    settings.change({"portal.report_cards": False}, actor=COMMAND_LINE)
    assert not reads(cast.alice)


@pytest.mark.covers("V2")
def test_sitters_read_own_drafts_and_what_was_sent_to_clients_whom_they_go_to(cast, visit, clock_at):
    def reads(staff):
        return report_views.find(card.public_id, report_views.of_sitter(staff)) is not None

    card = card_of(visit, cast.as_sam)
    make.job(cast.alice, cast.walk, sitter=cast.sita, on_date=MONDAY)
    assert (reads(cast.sam), reads(cast.sita)) == (True, False)
    report_cards.send(card, actor=cast.as_sam)
    third = make.staff("Tom", "Third")
    assert (reads(cast.sita), reads(third)) == (True, False)
    assert report_views.sent(report_views.of_pet(cast.biscuit.id)) == [card]
    assert report_views.sent(report_views.of_household(cast.bob.id)) == []
    clock_at("2027-01-10 12:00")
    assert not reads(cast.sita)


# ---------------------------------------------------------------------------------------------------------- photos


@pytest.mark.covers("V2", "P4")
def test_photos_lose_where_they_were_taken_and_are_had_by_who_reads_the_card(cast, visit):
    card = card_of(visit, cast.as_sam)
    (kept,) = report_photos.add(card, [a_photo(color=None)], actor=cast.as_sam)
    assert report_photos.add(card, [a_photo(color=None)], actor=cast.as_sam) == [kept]
    assert b"PhonePhone" not in a_photo(color=None).data
    people = (cast.alice, cast.bob, cast.sam, cast.sita, cast.olivia)
    assert [file_access.may_have(kept, who) for who in people] == [False, False, True, False, True]
    report_cards.send(card, actor=cast.as_sam)
    assert [file_access.may_have(kept, who) for who in people] == [True, False, True, False, True]
    with pytest.raises(WrongState):
        report_photos.add(card, [a_photo()], actor=cast.as_sam)
    settings.change({"portal.report_cards": False}, actor=COMMAND_LINE)
    assert not file_access.may_have(kept, cast.alice)
    assert report_photos.remove(card, kept, actor=cast.as_olivia)
    assert not report_photos.remove(card, kept, actor=cast.as_olivia)
    assert (file_access.may_have(kept, cast.sam), card.corrected_at is not None) == (False, True)


@pytest.mark.covers("V2", "D3")
def test_a_field_for_a_photo_keeps_the_card_s_own_file_alone(cast, visit, page):
    place = ask(page, "The bowl", FieldKind.IMAGE)
    card = card_of(visit, cast.as_sam)
    file = files.keep(a_photo(), actor=cast.as_sam, purpose=FilePurpose.FIELD, client=cast.alice, card=card)
    foreign = make.stored_file(cast.alice, purpose=FilePurpose.FIELD, media_type="image/webp")
    saved = report_cards.save_draft(card, Typed({place.public_id: foreign.public_id}, base=card.version), actor=cast.as_sam)  # fmt: skip
    assert set(saved.problems) == {place.public_id}
    report_cards.save_draft(card, Typed({place.public_id: file.public_id}, base=card.version), actor=cast.as_sam)
    assert field_values.read(card).of(place) == file
    assert not field_kinds.is_file_of(cast.alice, file)
    assert [file_access.may_have(file, who) for who in (cast.alice, cast.sam)] == [False, True]
    report_cards.send(card, actor=cast.as_sam)
    assert file_access.may_have(file, cast.alice)
    page.portal_access = PortalAccess.HIDDEN
    db.session.flush()
    assert not file_access.may_have(file, cast.alice)


def test_a_card_holds_twenty_photos(cast, visit, monkeypatch):
    monkeypatch.setattr(report_photos, "MAX_PHOTOS", 1)
    card = card_of(visit, cast.as_sam)
    report_photos.add(card, [a_photo()], actor=cast.as_sam)
    with pytest.raises(Invalid, match="at most 1 photo"):
        report_photos.add(card, [a_photo(color=(0, 0, 9))], actor=cast.as_sam)


@pytest.mark.covers("V2", "C9")
def test_photos_are_handed_over_and_go_with_the_client_s_data(cast, visit):
    card = card_of(visit, cast.as_sam)
    (kept,) = report_photos.add(card, [a_photo()], actor=cast.as_sam)
    report_cards.send(card, actor=cast.as_sam)
    visit.state = JobState.COMPLETED
    db.session.flush()
    export = privacy.export(cast.alice, actor=cast.as_olivia)
    assert [name for name, _key in export.files] == [f"files/{kept.id} park.webp"]
    assert [r["message"] for name, rows in export.tables if name == "report_card" for r in rows] == ["A good walk."]
    db.session.execute(sa.text("UPDATE outbox_mail SET state = 'sent'"))
    erasing.erase(cast.alice, typed=cast.alice.account_number, actor=cast.as_olivia)
    assert db.session.scalar(sa.select(sa.func.count(ReportCard.id))) == 0
    (row,) = db.session.scalars(sa.select(StoredFile))
    assert row.removed_at is not None


# -------------------------------------------------------------------------------------------------------- designing


@pytest.mark.covers("V2", "D1")
def test_tasks_stand_on_report_cards_alone_and_nothing_there_is_secret_or_open_to_clients(cast, page):
    own = make.field_section(page)
    elsewhere = make.field_section(make.field_page(FieldArea.PET))
    values = {"label": "Fed", "kind": FieldKind.TASK, "section": own, "portal_access": PortalAccess.EDIT}
    task = custom_fields.save_field(make.CustomField(), values, actor=cast.as_olivia)
    assert task.portal_access is PortalAccess.VIEW
    with pytest.raises(Invalid, match="report cards"):
        custom_fields.save_field(make.CustomField(), {**values, "section": elsewhere}, actor=cast.as_olivia)
    with pytest.raises(Invalid, match="secret"):
        custom_fields.save_field(make.CustomField(), {**values, "is_secret": True}, actor=cast.as_olivia)
    new = custom_fields.save_page(make.FieldPage(), {"name": "More", "area": FieldArea.REPORT}, actor=cast.as_olivia)
    assert new.portal_access is PortalAccess.VIEW


@pytest.mark.covers("V2", "D1")
def test_pages_of_a_service_group_are_asked_of_its_visits_alone(cast, visit, page):
    cats = make.service_group("Cats")
    make.field_section(make.field_page(FieldArea.REPORT, name="Litter", service_group_id=cats.id))
    make.field_section(make.field_page(FieldArea.REPORT, name="Walk", service_group_id=cast.dog_walks.id))
    make.field_section(page)
    report_cards.draft_of(visit, actor=cast.as_sam)
    assert [p.page.name for p in report_views.layout_of(visit).pages] == ["How it went", "Walk"]


@pytest.mark.covers("V2", "D1")
def test_the_usual_pages_can_be_filled_in_and_sent(cast, visit):
    field_defaults.install(FieldArea.REPORT, actor=cast.as_olivia)
    card = card_of(visit, cast.as_sam)
    with pytest.raises(NotReady, match="Door locked behind me"):
        report_cards.send(card, actor=cast.as_sam)
    fields = {p.field.label: key for key, p in report_views.layout_of(visit).fields.items()}
    typed = Typed({fields["Door locked behind me"]: "yes", fields["Mood"]: "happy"}, base=card.version)
    report_cards.save_draft(card, typed, actor=cast.as_sam)
    report_cards.send(card, actor=cast.as_sam)
    told = report_views.told(card, to_client=True)
    assert [(part.name, [(a.label, a.words) for a in part.answers]) for part in told.parts] == [
        ("How it went", [("Mood", "Happy")]), ("Done", [("Door locked behind me", "Done")]),
    ]  # fmt: skip


@pytest.mark.covers("V2")
def test_conflict_words_say_that_nothing_is_lost():
    assert isinstance(Crossed([]), Conflict)
    assert "Nothing is lost" in Crossed([]).say()
