"""Files of price rules and of repeating services: checked, brought in, the same twice, and back without a trace."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import ImportKind, ImportRow, Job, OutboxMail, PriceEffect, PriceRule, PriceTarget, Repeat
from tests.databases import count
from tests.workflows.importing.test_clients import brought_in, checked, contents, counts, work_off
from workflows import repeat_runs
from workflows.errors import Invalid
from workflows.importing import matching, runs, values

pytestmark = pytest.mark.covers("S6")


def problems(run):
    found = db.session.scalars(sa.select(ImportRow).where(ImportRow.run_id == run.id).order_by(ImportRow.number))
    return {row.number: row.problems[0]["why"] for row in found if row.problems}


def undone(run, actor):
    runs.undo(run, actor=actor)
    work_off(run)
    assert db.session.scalars(sa.select(ImportRow.kept_why).where(ImportRow.kept_why != "")).all() == []


def test_price_rules(cast):
    walk, n_before, before = cast.walk, count(PriceRule), contents()
    text = (
        "Charge Condition,Applies to,Action,Fee,Percentage,Service,Days,Holiday,From Time,To Time\n"
        "Holiday,price,surcharge,10.00,,,,yes,,\n"
        f"Weekend,,,,15%,{walk.code},Sat & Sun,,6 pm,22:00\n"
        "Share,staff pay,set,,60,,,,,\n"
        "Odd,price,add,1,,No such,,,,\n"
        "Both,price,add,1,2,,,,,\n"
        "Part,price,set,,60,,,,,\n"
        "Never,price,add,1,,,someday,,,\n"
        "None,price,add,,,,,,,\n"
        f"Weekend,price,add,2.50,,{cast.cat_visit.name},,,,\n"
    )
    run = brought_in(ImportKind.PRICE_RULES, text, cast.as_olivia)
    assert counts(run) == ("done", 4, 0, 0, 5), problems(run)
    assert problems(run) == {
        5: "There is none of this name. Add it first.", 6: "Give an amount or a percentage, not both.",
        7: "Only a sitter's pay can be a share of the price.",
        8: "“%(text)s” names no days of the week. Write Mon, Wed or Mon to Fri.", 9: "Enter an amount.",
    }  # fmt: skip
    made = db.session.scalars(sa.select(PriceRule).order_by(PriceRule.position)).all()[n_before:]
    assert [(r.name, r.target, r.effect, r.amount, r.percent, r.weekdays, r.on_holiday) for r in made] == [
        ("Holiday", PriceTarget.PRICE, PriceEffect.ADD_AMOUNT, Decimal(10), None, None, True),
        ("Weekend", PriceTarget.PRICE, PriceEffect.ADD_PERCENT, None, Decimal(15), 0b110_0000, None),
        ("Share", PriceTarget.PAY, PriceEffect.SET_PERCENT, None, Decimal(60), None, None),
        ("Weekend", PriceTarget.PRICE, PriceEffect.ADD_AMOUNT, Decimal("2.50"), None, None, None),
    ]
    assert (made[1].service_item, made[1].starts_from, made[1].starts_before) == (walk, dt.time(18), dt.time(22))
    again = checked(ImportKind.PRICE_RULES, text, cast.as_olivia)
    assert counts(again) == ("checked", 0, 0, 4, 5)
    runs.drop(again, actor=cast.as_olivia)
    changed = brought_in(ImportKind.PRICE_RULES, text.replace("surcharge,10.00", "surcharge,12.00"), cast.as_olivia)
    assert counts(changed) == ("done", 0, 1, 3, 5)
    assert (made[0].amount, count(PriceRule)) == (Decimal(12), n_before + 4)
    undone(changed, cast.as_olivia)
    assert made[0].amount == Decimal(10)
    undone(run, cast.as_olivia)
    assert contents() == before


def test_repeating_services_whose_visits_come_later_and_once(cast):
    alice, walk, before = cast.alice, cast.walk, contents()
    text = (
        "Client Email,Service,Repeat On,Start Time,Start Date,End Date,Assigned To,Pets,Every\n"
        f'{alice.email},{walk.name},"Mon, Wed",12:00,2026-11-02,,Sam Stone,{cast.biscuit.name},\n'
        f"{alice.email},{walk.name},wednesdays & monday,12 pm,2026-11-02,,,,\n"
        f"{alice.email},{walk.code},Fri-Sun,9:00,2026-12-01,2027-01-31,,,2\n"
        f"{alice.email},{walk.name},Tue,,2026-12-01,,,,\n"
        f"{alice.email},{walk.name},Tue,10:00,2026-12-10,2026-12-01,,,\n"
        f"{alice.email},{walk.name},,10:00,2026-12-10,,,,\n"
        f"{alice.email},{walk.name},Tue,10:00,2026-12-10,,Nobody Known,,\n"
        "nobody@example.com,Dog walk,Tue,10:00,2026-12-10,,,,\n"
    )
    run = brought_in(ImportKind.REPEATS, text, cast.as_olivia)
    assert counts(run) == ("done", 2, 0, 0, 6), problems(run)
    assert list(problems(run)) == [3, 5, 6, 7, 8, 9]
    assert contents().keys() == before.keys()
    assert {name for name, rows in contents().items() if rows != before[name]} == {
        "repeat",
        "repeat_time",
        "repeat_pet",
    }
    undone(run, cast.as_olivia)
    assert contents() == before

    run = brought_in(ImportKind.REPEATS, text, cast.as_olivia)
    made = db.session.scalars(sa.select(Repeat).where(Repeat.client == alice).order_by(Repeat.id)).all()[-2:]
    assert [([t.weekday for t in r.times], r.every_weeks, r.sitter, r.generated_to) for r in made] == [
        ([0, 2], 1, cast.sam, None), ([4, 5, 6], 2, None, None),
    ]  # fmt: skip
    n_jobs, n_mails = count(Job), count(OutboxMail)
    assert alice.id in repeat_runs.due()
    repeat_runs.generate(repeat_runs.repeats_of([alice.id]), dt.date(2027, 1, 31), actor=cast.as_olivia)
    db.session.commit()
    n_made = count(Job) - n_jobs
    days = db.session.scalars(sa.select(Job.on_date).where(Job.repeat_id == made[1].id).order_by(Job.on_date)).all()
    assert n_made > 20
    assert days[:4] == [dt.date(2026, 12, d) for d in (4, 5, 6, 18)]
    again = brought_in(ImportKind.REPEATS, text, cast.as_olivia)
    assert counts(again) == ("done", 0, 0, 2, 6)
    repeat_runs.generate(repeat_runs.repeats_of([alice.id]), dt.date(2027, 1, 31), actor=cast.as_olivia)
    assert count(Job) - n_jobs == n_made
    assert not db.session.scalar(
        sa.select(sa.func.count()).where(OutboxMail.client_id == alice.id, OutboxMail.id > n_mails)
    )
    runs.undo(run, actor=cast.as_olivia)
    work_off(run)
    kept = db.session.scalars(
        sa.select(ImportRow.kept_why).where(ImportRow.run_id == run.id, ImportRow.kept_why != "")
    ).all()
    assert len(kept) == 2  # they have visits


def test_weekdays_as_people_write_them():
    read = {
        "Mon, Wed": (0, 2), "mondays and fridays": (0, 4), "Mon-Fri": (0, 1, 2, 3, 4), "Fri to Mon": (0, 4, 5, 6), "Daily": tuple(range(7)),
        "Sa/So": (5, 6), "Weekends": (5, 6), "Di. Do.": (1, 3), "Tues; Thurs": (1, 3), "Montag bis Mittwoch": (0, 1, 2),
    }  # fmt: skip
    for text, days in read.items():
        assert values.weekdays(text, {}) == days, text
    for text in ("T", "someday", ",", "Mon-", "-", "Mon Xyz", "8"):
        with pytest.raises(Invalid):
            values.weekdays(text, {})
    heads = ["Client", "Service", "Day", "Time", "Start Date", "End Date", "Staff Member"]
    mapping = matching.guess(ImportKind.REPEATS, heads, "pet_sitter_plus")
    assert mapping == dict(zip(("client_name", "service", "weekdays", "start_time", "starts_on", "ends_on", "sitter"), heads, strict=True))  # fmt: skip


def test_a_visit_that_a_series_will_make_is_left_out_of_a_file_of_visits(cast):
    alice, walk = cast.alice, cast.walk
    series = f"Client Email,Service,Days,Start Time,Start Date\n{alice.email},{walk.name},Mon,12:15,2026-11-02\n"
    brought_in(ImportKind.REPEATS, series, cast.as_olivia)
    text = (
        "Client Email,Service,Date,Time,Billed\n"
        f"{alice.email},{walk.name},2026-12-07,12:15,no\n"  # a Monday: the series makes it
        f"{alice.email},{walk.name},2026-12-08,12:15,no\n"
        f"{alice.email},{walk.name},2026-12-07,15:00,no\n"
        f"{alice.email},{walk.name},2026-11-09,12:15,yes\n"  # past: no series makes it any more
    )
    run = checked(ImportKind.VISITS, text, cast.as_olivia)
    assert problems(run) == {2: "A repeating service of the client makes this visit. Leave it out."}
    assert counts(run) == ("checked", 3, 0, 0, 1)
    repeat_runs.generate(repeat_runs.repeats_of([alice.id]), dt.date(2026, 12, 31), actor=cast.as_olivia)
    db.session.commit()
    again = checked(ImportKind.VISITS, text, cast.as_olivia)  # it is there now, and found as any other
    assert counts(again) == ("checked", 3, 0, 1, 0), problems(again)


def test_a_series_where_visits_are_booked_already_is_warned_of(cast):
    alice, walk = cast.alice, cast.walk
    visits = f"Client Email,Service,Date,Time,Billed\n{alice.email},{walk.name},2026-12-07,12:15,no\n"
    assert counts(brought_in(ImportKind.VISITS, visits, cast.as_olivia)) == ("done", 1, 0, 0, 0)
    text = (
        "Client Email,Service,Days,Start Time,Start Date\n"
        f"{alice.email},{walk.name},Mon,12:15,2026-11-02\n"
        f"{alice.email},{walk.name},Tue,12:15,2026-11-02\n"
        f"{alice.email},{walk.name},Mon,12:15,2026-12-14\n"
    )
    run = checked(ImportKind.REPEATS, text, cast.as_olivia)
    assert counts(run) == ("checked", 3, 0, 0, 0)
    assert list(problems(run)) == [2]
    assert "a second time" in problems(run)[2]
