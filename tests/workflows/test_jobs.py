"""Visits in the schedule: booked, moved, given to somebody else, cancelled; and how sitters hear of it."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from models import (
    JOB_MOVES,
    Activity,
    Client,
    Job,
    JobState,
    MailState,
    Notification,
    OutboxMail,
    PetStatus,
    Staff,
)
from tests import factories as make
from tests.databases import count
from workflows import cancelling, changing, conflicts, jobs, settings, sitter_mails
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.changing import Change
from workflows.conflicts import ClashKind, ConflictsFound
from workflows.errors import Conflict, Invalid, NotAllowed, WrongState
from workflows.jobs import Stay
from workflows.mail_facts import MailKind, from_json
from workflows.wanted import Wanted

MON, TUE, WED, THU, FRI, SAT, SUN = (dt.date(2026, 11, d) for d in range(23, 30))
#: beyond the three days within which sitters are told at once
FAR = dt.date(2026, 12, 10)
NOON = dt.time(12)


def log(db_session, *verbs):
    db_session.flush()
    lines = db_session.query(Activity).order_by(Activity.id)
    return [a for a in lines if not verbs or a.verb in verbs]


def refuse(do, kind=Invalid):
    with pytest.raises(kind) as refused:
        do()
    return refused.value.code, refused.value.field


def everything(db_session):
    db_session.expire_all()
    return {
        t.__name__: db_session.execute(sa.select(t.__table__).order_by(t.__table__.c.id)).all()
        for t in (Job, OutboxMail, Notification, Activity)
    }


@pytest.fixture
def book(cast):
    """book([THU]): Max books walks of Biscuit at noon with Sam."""

    def do(days=(THU,), item=None, *, sitter="sam", start_time=NOON, blocks=(), pets=None, note="", **more):
        wanted = Wanted(
            item or cast.walk, list(days), start_time, blocks, [cast.biscuit] if pets is None else pets, note
        )
        values = {"sitter": getattr(cast, sitter) if sitter else None, "actor": cast.as_max, **more}
        return jobs.book(cast.alice, wanted, **values)

    return do


@pytest.fixture
def job(cast):
    """Alice's walk on Thursday at noon by Sam, 20.00."""
    return make.job(
        cast.alice, cast.walk, sitter=cast.sam, pets=[cast.biscuit], note="Gate: 12", staff_note="key at office"
    )


def as_is(job, **more):
    """The job's own values, some of them changed."""
    values = {
        "item": job.service_item, "on_date": job.on_date, "start_time": job.start_time, "block": job.time_block,
        "sitter": job.sitter, "pets": job.pets, "note": job.note, "staff_note": job.staff_note,
        "end_time": job.end_time, "ends_on": job.ends_on if job.end_time else None, **more,
    }  # fmt: skip
    return Change(**values)


@pytest.fixture
def change(cast, job):
    """change(on_date=FRI): Max changes Alice's walk."""

    def do(of=None, *, actor=None, accept=(), seen_version=None, **more):
        of = of or job
        return changing.change(
            of, as_is(of, **more), actor=actor or cast.as_max, accept=accept, seen_version=seen_version
        )

    return do


# ----------------------------------------------------------------------------------------------------------- booking


@pytest.mark.covers("B15")
def test_book_many_days_makes_a_visit_each_with_one_mail_and_one_log_line(cast, book, outbox, db_session):
    made = book([FRI, THU, FAR], note="Gate: 12", staff_note="key at office")
    db_session.commit()
    db_session.expire_all()
    assert [(j.on_date, j.ends_on, j.start_time, j.sitter, j.pets, j.price, j.sitter_pay, j.state) for j in made] == [
        (d, d, NOON, cast.sam, [cast.biscuit], Decimal("20.00"), Decimal("10.00"), JobState.SCHEDULED)
        for d in (THU, FRI, FAR)
    ]
    assert {(j.client, j.note, j.staff_note, j.request_line, j.duration_minutes) for j in made} == {
        (cast.alice, "Gate: 12", "key at office", None, 30)
    }
    facts = outbox.facts(MailKind.VISITS_BOOKED)
    assert (facts.request_number, [v.on_date for v in facts.visits]) == (0, ["2026-11-26", "2026-11-27", "2026-12-10"])
    (logged,) = log(db_session, "job.booked")
    assert (logged.client_id, logged.subject_id, logged.facts["n_jobs"], logged.facts["accepted"]) == (
        cast.alice.id,
        made[0].id,
        3,
        0,
    )


@pytest.mark.covers("B15")
def test_book_without_telling_the_client(cast, book, outbox):
    book(mail_client=False, sitter=None)
    assert len(outbox) == 0


@pytest.mark.covers("B15")
def test_book_for_a_client_without_address_or_sitter(cast, book, outbox):
    cast.alice.email = None
    (made,) = book(sitter=None)
    assert (made.sitter, len(outbox)) == (None, 0)


@pytest.mark.covers("B15")
def test_book_is_bound_by_no_limit_and_may_choose_hidden_items_and_any_block(cast, book):
    make.closed_day(THU)
    cast.cat_visit.visible_in_portal = False
    (made,) = book([THU], cast.cat_visit, blocks=[cast.night], start_time=None)
    assert (made.time_block, made.ends_on) == (cast.night, FRI)
    assert book([dt.date(2026, 10, 1)])[0].on_date == dt.date(2026, 10, 1)


def test_book_over_midnight_ends_the_next_day(book):
    assert book([THU], start_time=dt.time(23, 45))[0].ends_on == FRI


def test_book_a_time_block_item_makes_one_for_each_day_and_block(cast, book):
    made = book([THU, FRI], cast.cat_visit, blocks=[cast.evening, cast.morning], start_time=None)
    assert [(j.on_date, j.time_block.name) for j in made] == [
        (THU, "Morning"),
        (THU, "Evening"),
        (FRI, "Morning"),
        (FRI, "Evening"),
    ]


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"days": []}, "no_date", "dates"), ({"pets": "bella"}, "foreign_pet", "pets"), ({"pets": []}, "no_pet", "pets"),
        ({"sitter": "max"}, "not_a_sitter", "sitter"), ({"note": "x" * 10_001}, "note_long", "note"),
        ({"staff_note": "x" * 10_001}, "note_long", "staff_note"), ({"item": "cat_visit"}, "no_block", "blocks"),
    ],
    ids=["no day", "foreign pet", "no pet", "no sitter", "long note", "long staff note", "no block"],
)  # fmt: skip
def test_book_refuses_what_makes_no_sense(cast, book, outbox, values, code, field):
    values = dict(values)
    if values.get("pets"):
        values["pets"] = [cast.bella]
    if "item" in values:
        values["item"] = cast.cat_visit
    assert refuse(lambda: book(**values)) == (code, field)
    assert (count(Job, Job.client_id == cast.alice.id), len(outbox)) == (0, 0)


def test_book_of_an_inactive_service_or_sitter_is_refused(cast, book):
    cast.sam.is_active = False
    assert refuse(book) == ("not_a_sitter", "sitter")
    cast.sam.is_active, cast.walk.is_active = True, False
    assert refuse(book) == ("item_inactive", "service_item")


@pytest.mark.covers("B15")
def test_book_a_stay_is_one_visit_charged_by_the_night(cast, book, outbox):
    (stay,) = book([FRI], cast.overnight, stay=Stay(FRI, SUN, dt.time(18), dt.time(9)))
    assert (stay.on_date, stay.ends_on, stay.start_time, stay.end_time, stay.time_block) == (
        FRI,
        SUN,
        dt.time(18),
        dt.time(9),
        None,
    )
    assert (stay.price, stay.sitter_pay) == (Decimal(200), Decimal("100.00"))
    facts = outbox.facts(MailKind.VISITS_BOOKED)
    assert (facts.visits[0].ends_on, facts.visits[0].end_time) == ("2026-11-29", "09:00")


@pytest.mark.covers("B15")
@pytest.mark.parametrize(("last", "price"), [(FRI, 100), (SAT, 100), (dt.date(2026, 12, 4), 700)])
def test_book_a_stay_of_whole_days(cast, book, last, price):
    (stay,) = book([FRI], cast.overnight, stay=Stay(FRI, last))
    assert (stay.ends_on, stay.price) == (last, price)


@pytest.mark.covers("B15")
@pytest.mark.parametrize(
    ("stay", "code"),
    [
        (Stay(FRI, THU), "stay_order"), (Stay(FRI, FRI, dt.time(18), dt.time(18)), "stay_order"),
        (Stay(FRI, FRI, dt.time(18), dt.time(9)), "stay_order"), (Stay(FRI, SAT, dt.time(18)), "stay_times"),
        (Stay(FRI, SAT, None, dt.time(9)), "stay_times"), (Stay(FRI, FRI + dt.timedelta(days=121)), "stay_long"),
    ],
)  # fmt: skip
def test_book_a_stay_that_makes_no_sense_is_refused(cast, book, stay, code):
    assert refuse(lambda: book([FRI], cast.overnight, stay=stay))[0] == code
    assert refuse(lambda: book([FRI], cast.overnight, stay=Stay(FRI, SAT), pets=[cast.bella]))[0] == "foreign_pet"


def test_book_a_stay_of_the_greatest_length(cast, book):
    assert book([FRI], cast.overnight, stay=Stay(FRI, FRI + dt.timedelta(days=120)))[0].price == 12_000


@pytest.mark.covers("B11", "B15")
def test_book_shows_conflicts_first_and_does_it_when_they_are_accepted(cast, book, db_session):
    make.job(cast.bob, cast.walk, sitter=cast.sam)
    make.time_off(cast.sam, FRI, FRI, note="dentist")
    db_session.commit()
    before = everything(db_session)
    with pytest.raises(ConflictsFound) as refused:
        book([THU, FRI])
    shown = [c for clashes in refused.value.clashes.values() for c in clashes]
    assert [(c.kind, c.label) for c in shown] == [
        (ClashKind.OVERLAP, "Dog walk, Bob Baker"),
        (ClashKind.TIME_OFF, "dentist"),
    ]
    db_session.rollback()
    assert everything(db_session) == before
    made = book([THU, FRI], accept={c.token for c in shown})
    assert ([j.on_date for j in made], log(db_session, "job.booked")[0].facts["accepted"]) == ([THU, FRI], 2)


@pytest.mark.covers("B11")
def test_book_shows_a_new_conflict_that_came_up_after_the_preview(cast, book, db_session):
    """Also when it looks the same: the same service for the same client at the same time."""
    make.job(cast.bob, cast.walk, sitter=cast.sam)
    db_session.commit()
    with pytest.raises(ConflictsFound) as first:
        book()
    db_session.rollback()
    make.job(cast.bob, cast.walk, sitter=cast.sam)
    with pytest.raises(ConflictsFound) as second:
        book(accept=conflicts.tokens(first.value.clashes))
    assert len(conflicts.tokens(second.value.clashes) - conflicts.tokens(first.value.clashes)) == 1


@pytest.mark.covers("B11")
def test_book_of_another_sitter_or_time_needs_its_own_acceptance(cast, book, db_session):
    for sitter in (cast.sam, cast.sita):
        make.time_off(sitter, THU, THU)
    db_session.commit()
    with pytest.raises(ConflictsFound) as refused:
        book()
    tokens = conflicts.tokens(refused.value.clashes)
    db_session.rollback()
    for more in ({"sitter": "sita"}, {"start_time": dt.time(13)}):
        with pytest.raises(ConflictsFound):
            book(accept=tokens, **more)
        db_session.rollback()
    assert book(accept=tokens)


@pytest.mark.covers("B11")
def test_book_sees_visits_of_the_same_booking_that_clash_and_takes_their_tokens(cast, book, db_session):
    wanted = {"days": [THU], "item": cast.cat_visit, "blocks": [cast.morning, cast.evening], "start_time": dt.time(8)}
    with pytest.raises(ConflictsFound) as refused:
        book(**wanted)
    tokens = conflicts.tokens(refused.value.clashes)
    db_session.rollback()
    assert (len(tokens), len(book(**wanted, accept=tokens))) == (2, 2)


@pytest.mark.covers("B11")
def test_book_by_two_offices_for_one_gap_of_a_sitter_shows_the_second_the_conflict(cast, together, db_session):
    ids = (cast.alice.id, cast.biscuit.id), (cast.bob.id, cast.bella.id)
    walk_id, sam_id, max_id = cast.walk.id, cast.sam.id, cast.max.id

    def do(client_id, pet_id):
        client = db_session.get(Client, client_id)
        wanted = Wanted(
            db_session.get(type(cast.walk), walk_id), [THU], NOON, pets=[db_session.get(type(cast.biscuit), pet_id)]
        )
        sitter, office = db_session.get(Staff, sam_id), db_session.get(Staff, max_id)
        return len(jobs.book(client, wanted, sitter=sitter, actor=staff_actor(office)))

    results = together(*[lambda i=i: do(*i) for i in ids])
    assert sorted(type(r).__name__ for r in results) == ["ConflictsFound", "int"]
    assert count(Job, Job.sitter_id == sam_id) == 1


# ----------------------------------------------------------------------------------------------------------- changing


@pytest.mark.covers("B15")
def test_change_moves_a_visit_and_logs_old_to_new(cast, job, change, db_session):
    change(on_date=FRI, start_time=dt.time(9))
    db_session.commit()
    db_session.expire_all()
    assert (job.on_date, job.ends_on, job.start_time, job.price, job.note) == (
        FRI,
        FRI,
        dt.time(9),
        Decimal("20.00"),
        "Gate: 12",
    )
    (line,) = log(db_session)
    assert (line.verb, line.client_id, line.subject_id, line.facts["before"], line.facts["after"]) == (
        "job.moved", cast.alice.id, job.id, "Dog walk, 2026-11-26 12:00 (Sam Stone)", "Dog walk, 2026-11-27 09:00 (Sam Stone)",
    )  # fmt: skip


def test_change_of_nothing_logs_and_mails_nothing(change, outbox, db_session):
    change()
    assert (log(db_session), len(outbox)) == ([], 0)


@pytest.mark.parametrize("what", ["note", "staff_note", "pets"])
def test_change_of_notes_or_pets_is_logged_and_mails_nobody(cast, change, outbox, db_session, what):
    change(**{what: [cast.biscuit, cast.mochi] if what == "pets" else "new"})
    assert ([a.verb for a in log(db_session)], len(outbox)) == (["job.changed"], 0)


def test_change_of_service_or_pets_brings_price_and_pay_of_today_s_list(cast, job, change):
    cast.walk.price = Decimal("30.00")
    change(on_date=FRI)
    assert job.price == Decimal("20.00")
    change(pets=[cast.biscuit, cast.mochi])
    assert (job.price, job.sitter_pay) == (Decimal("35.00"), Decimal("17.50"))
    change(item=cast.cat_visit, block=cast.morning, start_time=None)
    assert (job.service_item, job.price, job.duration_minutes) == (cast.cat_visit, Decimal("25.00"), 20)


@pytest.mark.covers("B15")
def test_change_of_a_stay_s_length_charges_the_nights_that_it_has_now(cast, change):
    stay = make.job(
        cast.alice, cast.overnight, start_time=dt.time(18), end_time=dt.time(9), ends_on=SAT, pets=[cast.biscuit],
        price=Decimal(200), sitter_pay=Decimal(100),
    )  # fmt: skip
    change(stay, ends_on=dt.date(2026, 11, 30))
    assert (stay.ends_on, stay.price, stay.sitter_pay) == (dt.date(2026, 11, 30), Decimal(400), Decimal(200))
    change(stay, on_date=FRI)
    assert stay.price == Decimal(300)
    change(stay, on_date=SAT, ends_on=dt.date(2026, 12, 1))
    assert stay.price == Decimal(300)


def test_change_of_whole_days_charges_them_too(cast, change):
    stay = make.job(
        cast.alice, cast.overnight, start_time=None, pets=[cast.biscuit], price=Decimal(100), sitter_pay=Decimal(50)
    )
    change(stay, ends_on=SAT)
    assert (stay.ends_on, stay.price) == (SAT, Decimal(200))


def test_change_of_a_stay_of_an_item_with_times_keeps_its_nights(cast, change):
    stay = make.job(
        cast.alice,
        cast.walk,
        start_time=dt.time(18),
        end_time=dt.time(9),
        ends_on=SAT,
        pets=[cast.biscuit],
        price=Decimal(40),
    )
    change(stay, pets=[cast.biscuit, cast.mochi])
    assert (stay.ends_on, stay.end_time, stay.price) == (SAT, dt.time(9), Decimal(50))


def test_change_of_a_stay_into_a_plain_visit_ends_it_after_its_minutes(cast, change):
    stay = make.job(
        cast.alice, cast.overnight, start_time=dt.time(18), end_time=dt.time(9), ends_on=SAT, pets=[cast.biscuit]
    )
    change(stay, item=cast.walk, ends_on=None, end_time=None)
    assert (stay.ends_on, stay.end_time, stay.price) == (THU, None, Decimal("20.00"))


def test_change_of_a_visit_over_midnight_that_repeats_its_last_day_is_no_stay(cast, change):
    late = make.job(cast.alice, cast.walk, start_time=dt.time(23, 45), pets=[cast.biscuit])
    change(late, start_time=dt.time(22), ends_on=FRI)
    assert late.ends_on == THU


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"ends_on": SAT, "start_time": NOON}, "stay_times"), ({"ends_on": SAT, "start_time": None, "end_time": NOON}, "stay_times"),
        ({"ends_on": WED, "start_time": None}, "stay_order"), ({"ends_on": THU, "start_time": NOON, "end_time": dt.time(9)}, "stay_order"),
        ({"ends_on": dt.date(2027, 6, 1), "start_time": None}, "stay_long"), ({"end_time": dt.time(13)}, "stay_times"),
    ],
)  # fmt: skip
def test_change_to_a_stay_that_makes_no_sense_is_refused(cast, job, change, values, code):
    assert refuse(lambda: change(item=cast.overnight, **values))[0] == code
    assert job.service_item is cast.walk


@pytest.mark.parametrize(
    ("values", "code"),
    [({"pets": "bella"}, "foreign_pet"), ({"pets": []}, "no_pet"), ({"sitter": "max"}, "not_a_sitter"),
     ({"item": "cat_visit"}, "no_block"), ({"note": "x" * 10_001}, "note_long"), ({"staff_note": "x" * 10_001}, "note_long")],
    ids=["foreign pet", "no pet", "no sitter", "no block", "long note", "long staff note"],
)  # fmt: skip
def test_change_refuses_what_makes_no_sense(cast, job, change, values, code):
    found = {k: getattr(cast, v) if isinstance(v, str) and k in {"sitter", "item"} else v for k, v in values.items()}
    if values.get("pets"):
        found["pets"] = [cast.bella]
    assert refuse(lambda: change(**found))[0] == code
    assert (job.pets, job.sitter) == ([cast.biscuit], cast.sam)


def test_change_keeps_a_sitter_who_has_left_and_refuses_to_choose_one(cast, job, change):
    cast.sam.is_active = cast.sita.is_active = False
    assert change(note="new").note == "new"
    assert refuse(lambda: change(sitter=cast.sita))[0] == "not_a_sitter"


def test_change_counts_a_pet_that_is_named_twice_once(cast, job, change):
    change(pets=[cast.mochi, cast.mochi])
    assert (job.pets, job.price) == ([cast.mochi], Decimal("20.00"))


def test_change_of_a_pet_that_is_gone_is_refused(cast, change):
    cast.mochi.status = PetStatus.DECEASED
    assert refuse(lambda: change(pets=[cast.mochi]))[0] == "pet_gone"


@pytest.mark.covers("B11", "B15")
def test_change_shows_conflicts_first_and_does_it_when_they_are_accepted(cast, job, change, db_session):
    make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=FRI)
    with pytest.raises(ConflictsFound) as refused:
        change(on_date=FRI)
    assert job.on_date == THU
    make.time_off(cast.sam, FRI, FRI)
    with pytest.raises(ConflictsFound) as again:
        change(on_date=FRI, accept=conflicts.tokens(refused.value.clashes))
    assert change(on_date=FRI, accept=conflicts.tokens(again.value.clashes)).on_date == FRI


@pytest.mark.covers("B11")
def test_change_that_leaves_it_in_its_place_asks_about_no_conflict_again(cast, job, change):
    make.job(cast.bob, cast.walk, sitter=cast.sam)
    assert change(note="new", pets=[cast.mochi]).note == "new"
    with pytest.raises(ConflictsFound):
        change(start_time=dt.time(12, 5))
    assert change(sitter=None).sitter is None


def test_change_does_not_clash_with_its_own_old_place(job, change):
    assert change(start_time=dt.time(12, 10)).start_time == dt.time(12, 10)


def test_change_of_a_visit_that_somebody_changed_meanwhile_is_refused(cast, job, change, elsewhere, db_session):
    seen = job.version
    elsewhere(lambda: setattr(db_session.get(Job, job.id), "note", "changed meanwhile"))
    assert refuse(lambda: change(on_date=FRI, seen_version=seen), Conflict) == ("stale", None)
    assert change(on_date=FRI, seen_version=seen + 1).on_date == FRI


def test_change_of_a_visit_that_is_gone_is_refused(cast, job, change, elsewhere, db_session):
    elsewhere(lambda: db_session.delete(db_session.get(Job, job.id)))
    assert refuse(lambda: change(on_date=FRI), WrongState) == ("job_gone", None)


# --------------------------------------------------------------------------------------------------------- cancelling


def cancel(cast, *which, **more):
    return cancelling.cancel(which, **{"actor": cast.as_max, **more})


def test_cancel_keeps_the_visit_and_its_figures_and_charges_nothing(cast, job, outbox, db_session):
    cancel(cast, job, reason=" snow ")
    db_session.commit()
    db_session.expire_all()
    assert (job.state, job.price, job.sitter_pay, job.prior_price, job.prior_sitter_pay) == (
        JobState.CANCELLED, Decimal(0), Decimal(0), Decimal("20.00"), Decimal("10.00"),
    )  # fmt: skip
    assert (job.cancelled_at, job.cancel_reason, job.on_date) == (
        dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC),
        "snow",
        THU,
    )
    facts = outbox.facts(MailKind.VISIT_CANCELLED)
    assert (facts.client_name, [v.on_date for v in facts.visits], facts.reason) == (
        "Alice Archer",
        ["2026-11-26"],
        "snow",
    )
    (line,) = log(db_session, "job.cancelled")
    assert (line.client_id, line.facts["reason"], line.facts["n_jobs"], line.facts["jobs"]) == (
        cast.alice.id, "snow", 1, ["Dog walk, 2026-11-26 12:00"],
    )  # fmt: skip


def test_cancel_of_several_is_one_mail_to_the_client_and_one_to_each_sitter(cast, job, outbox):
    others = [make.job(cast.alice, cast.walk, sitter=s, on_date=WED) for s in (cast.sita, cast.sam, None)]
    cancel(cast, job, *others, mail_client=False)
    assert sorted((m.to_address, len(m.facts["visits"])) for m in outbox.mails()) == [
        ("sam@example.com", 2),
        ("sita@example.com", 1),
    ]


@pytest.mark.parametrize("state", [s for s in JobState if s is not JobState.SCHEDULED], ids=str)
def test_cancel_is_all_or_nothing(cast, job, outbox, db_session, state):
    other = make.job(cast.alice, cast.walk, on_date=FRI, state=state)
    assert refuse(lambda: cancel(cast, job, other), WrongState) == (f"job_{state.value}", None)
    db_session.commit()
    assert (job.state, job.price, len(outbox)) == (JobState.SCHEDULED, Decimal("20.00"), 0)


def test_cancel_of_yesterday_is_refused_and_of_a_stay_that_lasts_on_is_not(cast, clock_at, job):
    clock_at("2026-11-27 00:00")
    assert refuse(lambda: cancel(cast, job), WrongState) == ("job_past", None)
    stay = make.job(cast.alice, cast.overnight, start_time=None, ends_on=FRI)
    assert cancel(cast, stay)
    clock_at("2026-11-26 23:59")
    assert cancel(cast, job)


def test_cancel_of_nothing_of_somebody_else_s_or_of_what_is_gone_is_refused(cast, job, elsewhere, db_session):
    assert refuse(lambda: cancel(cast)) == ("no_jobs", None)
    assert refuse(lambda: cancel(cast, job, cast.bobs_job), WrongState) == ("job_gone", None)
    elsewhere(lambda: db_session.delete(db_session.get(Job, job.id)))
    assert refuse(lambda: cancel(cast, job), WrongState) == ("job_gone", None)


def test_cancel_twice_at_the_same_moment_cancels_once(cast, job, together, db_session):
    job_id, max_id = job.id, cast.max.id

    def do():
        actor = staff_actor(db_session.get(Staff, max_id))
        return len(cancelling.cancel([db_session.get(Job, job_id)], actor=actor))

    results = together(do, do, do)
    assert (results.count(1), sum(isinstance(r, WrongState) for r in results)) == (1, 2)
    assert (job.prior_price, count(OutboxMail, OutboxMail.kind == "visit_cancelled")) == (Decimal("20.00"), 1)


VERBS = {
    "change": (lambda c, j: changing.change(j, as_is(j, note="new"), actor=c.as_max), JobState.SCHEDULED),
    "cancel": (lambda c, j: cancelling.cancel([j], actor=c.as_max), JobState.CANCELLED),
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", JobState, ids=str)
def test_every_state_and_verb_of_a_visit(cast, job, db_session, verb, state):
    do, becomes = VERBS[verb]
    job.state = state
    db_session.commit()
    before = everything(db_session)
    if state is JobState.SCHEDULED:
        assert becomes is state or becomes in JOB_MOVES[state]
        do(cast, job)
        db_session.commit()
        assert job.state is becomes
    else:
        with pytest.raises(WrongState) as refused:
            do(cast, job)
        db_session.commit()
        assert (refused.value.code, everything(db_session)) == (f"job_{state.value}", before)


def test_job_moves_are_checked_once_more_where_the_state_is_set(job):
    for state in JobState:
        for to in JobState:
            job.state = state
            if to in JOB_MOVES[state]:
                cancelling._move(job, to)
                assert job.state is to
            else:
                with pytest.raises(WrongState):
                    cancelling._move(job, to)


def test_the_schedule_is_closed_to_sitters_and_clients(cast, job, book, change):
    for who in (cast.as_sam, cast.as_alice):
        for do in (lambda who=who: book(actor=who), lambda who=who: change(on_date=FRI, actor=who)):
            assert refuse(do, NotAllowed) == ("not_allowed", None)


# ---------------------------------------------------------------------------------------------------- telling sitters


def told(outbox, sitter):
    """What a sitter was mailed: [(kind, days, days before, because)]."""
    found = [(MailKind(m.kind), from_json(MailKind(m.kind), m.facts)) for m in outbox.mails(to=sitter.email)]
    return [(k, [v.on_date for v in f.visits], [v.on_date for v in f.before], f.because) for k, f in found]


ASSIGNED, MOVED, GONE = MailKind.SITTER_VISIT_ASSIGNED, MailKind.SITTER_VISIT_MOVED, MailKind.SITTER_VISIT_TAKEN_AWAY


@pytest.mark.covers("B16")
def test_sitter_is_told_at_once_of_near_visits_and_in_the_evening_of_far_ones(cast, book, outbox, clock_at):
    book([THU, FRI, FAR])
    assert told(outbox, cast.sam) == [(ASSIGNED, ["2026-11-26"], [], "")]
    clock_at("2026-11-23 18:00")
    assert sitter_mails.evening_schedules() == [cast.sam.id]
    assert evening(outbox, cast.sam).changes == ("Dog walk, 2026-11-27 12:00; Dog walk, 2026-12-10 12:00 (Sam Stone)",)


@pytest.mark.covers("B16")
@pytest.mark.parametrize(("days", "n"), [(0, 0), (2, 0), (3, 1), (365, 1)])
def test_sitter_days_say_what_is_near_and_none_leaves_all_to_the_evening(cast, book, outbox, days, n):
    settings.change({"mail.sitter_days": days}, actor=COMMAND_LINE)
    book([THU])
    assert len(told(outbox, cast.sam)) == n


@pytest.mark.covers("B16")
def test_sitter_who_keeps_a_moved_visit_reads_old_and_new(cast, job, change, outbox):
    job.acknowledged_at = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    change(on_date=WED)
    assert (told(outbox, cast.sam), job.acknowledged_at) == ([(MOVED, ["2026-11-25"], ["2026-11-26"], "")], None)


@pytest.mark.covers("B16")
@pytest.mark.parametrize(
    ("old", "new", "at_once"), [(THU, FAR, True), (FAR, THU, True), (FAR, FAR + dt.timedelta(1), False)]
)
def test_sitter_is_told_at_once_of_a_move_when_either_day_is_near(cast, change, outbox, db_session, old, new, at_once):
    job = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=old, start_time=dt.time(15), pets=[cast.biscuit])
    change(job, on_date=new)
    assert bool(told(outbox, cast.sam)) is at_once
    assert log(db_session, "job.moved")[0].facts["evening"] == ([] if at_once else [cast.sam.id])


@pytest.mark.covers("B16")
def test_sitters_are_told_when_a_visit_goes_from_one_to_the_other(cast, job, change, outbox):
    job.acknowledged_at = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    change(sitter=cast.sita, start_time=dt.time(13))
    assert told(outbox, cast.sam) == [(GONE, ["2026-11-26"], [], "reassigned")]
    assert told(outbox, cast.sita) == [(ASSIGNED, ["2026-11-26"], [], "")]
    facts = outbox.facts(GONE)
    assert (facts.visits[0].start_time, job.acknowledged_at) == ("12:00", None)


@pytest.mark.covers("B16")
def test_sitter_who_loses_a_near_visit_is_told_at_once_wherever_it_goes(cast, job, change, outbox, db_session):
    change(sitter=cast.sita, on_date=FAR)
    assert told(outbox, cast.sam) == [(GONE, ["2026-11-26"], [], "reassigned")]
    assert (told(outbox, cast.sita), log(db_session, "job.moved")[0].facts["evening"]) == ([], [cast.sita.id])


@pytest.mark.covers("B16")
def test_sitter_who_loses_a_visit_to_nobody_or_gets_one_from_nobody_is_told(cast, job, change, outbox):
    change(sitter=None)
    assert told(outbox, cast.sam) == [(GONE, ["2026-11-26"], [], "reassigned")]
    change(sitter=cast.sita)
    assert told(outbox, cast.sita) == [(ASSIGNED, ["2026-11-26"], [], "")]


@pytest.mark.covers("B16")
def test_sitter_is_told_of_cancelled_visits_near_at_once_and_far_in_the_evening(cast, job, outbox, db_session):
    far = [make.job(cast.alice, cast.walk, sitter=s, on_date=FAR) for s in (cast.sam, cast.sita)]
    cancel(cast, job, *far, mail_client=False)
    assert told(outbox, cast.sam) == [(GONE, ["2026-11-26"], [], "cancelled")]
    assert told(outbox, cast.sita) == []
    assert [(a.facts["evening"], a.facts["news"]) for a in log(db_session, "job.cancelled")] == [
        ([], {}),
        *(([s.id], {str(s.id): "Dog walk, 2026-12-10 12:00 ✗"}) for s in (cast.sam, cast.sita)),
    ]


@pytest.mark.covers("B16")
def test_sitter_without_an_address_is_told_nothing_and_nothing_breaks(cast, job, change, outbox):
    cast.sam.email = None
    change(on_date=WED)
    assert len(outbox) == 0


@pytest.mark.covers("B16")
def test_sitter_is_not_told_at_once_of_what_is_past(cast, book, outbox):
    book([dt.date(2026, 11, 20)], mail_client=False)
    assert told(outbox, cast.sam) == []


# ------------------------------------------------------------------------------------------------- the evening's mail


def evening(outbox, sitter):
    """The newest evening mail of this sitter."""
    return from_json(MailKind.SITTER_SCHEDULE, outbox.mails(MailKind.SITTER_SCHEDULE, to=sitter.email)[-1].facts)


@pytest.mark.covers("B16")
def test_evening_schedules_wait_for_their_time_on_the_business_s_clock(cast, clock_at, outbox):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TUE)
    clock_at("2026-11-23 17:59:59")
    assert sitter_mails.evening_schedules() == []
    settings.change({"business.time_zone": "Europe/Berlin"}, actor=COMMAND_LINE)
    assert sitter_mails.evening_schedules() == [cast.sam.id]
    settings.change({"business.time_zone": "America/New_York", "mail.schedule_time": "18:30"}, actor=COMMAND_LINE)
    assert sitter_mails.evening_schedules(now=dt.datetime(2026, 11, 24, 23, 29, tzinfo=dt.UTC)) == []


@pytest.mark.covers("B16")
def test_evening_schedules_list_tomorrow_s_visits_in_order_with_where_to_go(cast, clock_at, outbox):
    cast.alice.address_line1, cast.alice.city = "1 High St", "Albany"
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TUE, pets=[cast.biscuit], staff_note="key at office")
    make.job(cast.bob, cast.cat_visit, sitter=cast.sam, on_date=TUE, start_time=None, block=cast.morning)
    make.job(
        cast.bob,
        cast.overnight,
        sitter=cast.sam,
        on_date=dt.date(2026, 11, 20),
        ends_on=THU,
        start_time=None,
        state=JobState.IN_PROGRESS,
    )
    make.job(cast.bob, cast.walk, sitter=cast.sita, on_date=TUE)
    make.job(cast.bob, cast.walk, on_date=TUE)
    for state in (JobState.CANCELLED, JobState.VOIDED, JobState.COMPLETED):
        make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=TUE, state=state)
    make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=WED)
    clock_at("2026-11-23 18:00")
    assert sitter_mails.evening_schedules() == [cast.sam.id, cast.sita.id]
    facts = evening(outbox, cast.sam)
    assert (facts.sitter_name, facts.for_date, facts.changes) == ("Sam", "2026-11-24", ())
    assert [(v.client_name, v.address, v.visit.service, v.visit.start_time, v.visit.block) for v in facts.visits] == [
        ("Bob Baker", "", "Overnight", "", ""), ("Bob Baker", "", "Cat visit", "", "Morning 07:00-10:00"),
        ("Alice Archer", "1 High St, Albany", "Dog walk", "12:00", ""),
    ]  # fmt: skip
    assert facts.visits[2].visit.note == "key at office"


@pytest.mark.covers("B16")
def test_evening_schedules_go_out_once_an_evening_however_often_they_are_asked_for(cast, clock_at, outbox, together):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TUE)
    make.job(cast.alice, cast.walk, sitter=cast.sita, on_date=TUE)
    clock_at("2026-11-23 18:00")
    results = together(sitter_mails.evening_schedules, sitter_mails.evening_schedules, sitter_mails.evening_schedules)
    assert sorted(i for ids in results for i in ids) == sorted([cast.sam.id, cast.sita.id])
    for minute in (1, 30, 59):
        clock_at(f"2026-11-23 20:{minute:02}")
        assert sitter_mails.evening_schedules() == []
    assert len(outbox) == 2


@pytest.mark.covers("B16")
def test_evening_schedules_leave_out_who_has_nothing_left_or_no_address(cast, clock_at, outbox):
    for sitter in (cast.sam, cast.sita):
        make.job(cast.alice, cast.walk, sitter=sitter, on_date=TUE)
    cast.sam.is_active, cast.sita.email = False, None
    clock_at("2026-11-23 18:00")
    assert (sitter_mails.evening_schedules(), len(outbox)) == ([], 0)


@pytest.mark.covers("B16")
def test_evening_schedules_tell_far_changes_once(cast, change, clock_at, outbox):
    far = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=FAR, pets=[cast.biscuit])
    change(far, start_time=dt.time(9))
    clock_at("2026-11-23 18:00")
    assert sitter_mails.evening_schedules() == [cast.sam.id]
    assert evening(outbox, cast.sam).changes == (
        "Dog walk, 2026-12-10 12:00 (Sam Stone) → Dog walk, 2026-12-10 09:00 (Sam Stone)",
    )
    clock_at("2026-11-24 18:00")
    assert sitter_mails.evening_schedules() == [cast.sita.id]  # who has Bob's visit tomorrow


@pytest.mark.covers("B16")
def test_evening_schedules_tell_a_change_after_this_evening_s_mail_the_next_evening(cast, clock_at, change, outbox):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TUE)
    far = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=FAR, pets=[cast.biscuit])
    clock_at("2026-11-23 18:00")
    sitter_mails.evening_schedules()
    clock_at("2026-11-23 18:05")
    cancel(cast, far, mail_client=False)
    # the worker is a little late: nothing is lost in between, and nothing is told twice
    clock_at("2026-11-24 18:10")
    assert cast.sam.id in sitter_mails.evening_schedules()
    assert evening(outbox, cast.sam).changes == ("Dog walk, 2026-12-10 12:00 ✗",)
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=THU)
    clock_at("2026-11-25 18:00")
    sitter_mails.evening_schedules()
    assert evening(outbox, cast.sam).changes == ()


@pytest.mark.covers("B16")
def test_evening_schedules_lose_nothing_when_the_worker_was_away_for_days(cast, book, clock_at, outbox):
    book([FAR])
    clock_at("2026-11-27 19:00")
    assert sitter_mails.evening_schedules() == [cast.sam.id]
    assert evening(outbox, cast.sam).changes == ("Dog walk, 2026-12-10 12:00 (Sam Stone)",)


@pytest.mark.covers("B16")
def test_evening_schedules_lose_nothing_that_was_being_saved_while_the_last_ones_were_made(
    cast, book, clock_at, outbox
):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TUE)
    clock_at("2026-11-23 17:59:58")
    book([FAR])
    clock_at("2026-11-23 18:00")
    make.outbox_mail(MailKind.SITTER_SCHEDULE, staff=cast.sam, state=MailState.SENT)
    clock_at("2026-11-24 18:00")
    sitter_mails.evening_schedules()
    assert evening(outbox, cast.sam).changes == ("Dog walk, 2026-12-10 12:00 (Sam Stone)",)


@pytest.mark.covers("B16")
def test_evening_schedules_tell_who_lost_and_who_got_a_far_visit(cast, change, clock_at, outbox):
    far = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=FAR, pets=[cast.biscuit])
    change(far, sitter=cast.sita)
    clock_at("2026-11-23 18:00")
    assert sitter_mails.evening_schedules() == [cast.sam.id, cast.sita.id]
    for sitter in (cast.sam, cast.sita):
        assert evening(outbox, sitter).changes == (
            "Dog walk, 2026-12-10 12:00 (Sam Stone) → Dog walk, 2026-12-10 12:00 (Sita Singh)",
        )
