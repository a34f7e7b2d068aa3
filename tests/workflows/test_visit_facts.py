"""Visits as mails and the log name them: to clients only what the portal settings show, to sitters never the price."""

import datetime as dt
from decimal import Decimal

from tests import factories as make
from workflows import settings
from workflows.actors import COMMAND_LINE
from workflows.mail_facts import VisitFacts
from workflows.visit_facts import job_facts, line_facts, short


def show(**values):
    settings.change({f"portal.show_{k}": v for k, v in values.items()}, actor=COMMAND_LINE)


def test_line_facts_of_a_walk_at_noon(cast):
    line = make.line(
        make.job_request(cast.alice),
        cast.walk,
        start_time=dt.time(12),
        pets=[cast.mochi, cast.biscuit],
        note="Gate: 12",
    )
    assert line_facts(line) == VisitFacts(
        "Dog walk", "2026-11-26", start_time="12:00", duration_minutes=30, pets=("Mochi", "Biscuit"), note="Gate: 12"
    )
    show(prices=True)
    assert line_facts(line).price == "25.00"


def test_line_facts_of_a_visit_in_a_block(cast):
    facts = line_facts(make.line(make.job_request(cast.alice), cast.cat_visit, block=cast.morning))
    assert (facts.block, facts.start_time, short(facts)) == (
        "Morning 07:00-10:00",
        "",
        "Cat visit, 2026-11-26 Morning 07:00-10:00",
    )


def test_job_facts_show_the_client_the_sitter_s_first_name_and_no_price_unless_set(cast):
    job = make.job(
        cast.alice, cast.walk, sitter=cast.sam, note="Gate: 12", staff_note="beware of the cat", price=Decimal("20.00")
    )
    assert (job_facts(job).sitter, job_facts(job).price, job_facts(job).note) == ("Sam", "", "Gate: 12")
    show(prices=True, sitter=False)
    assert (job_facts(job).sitter, job_facts(job).price) == ("", "20.00")


def test_job_facts_show_the_sitter_both_notes_and_never_the_price(cast):
    show(prices=True)
    job = make.job(cast.alice, cast.walk, sitter=cast.sam, note="Gate: 12", staff_note="beware of the cat")
    facts = job_facts(job, for_sitter=True)
    assert (facts.note, facts.price, facts.sitter) == ("Gate: 12\nbeware of the cat", "", "")
    assert job_facts(make.job(cast.alice, cast.walk, note="Gate: 12"), for_sitter=True).note == "Gate: 12"


def test_job_facts_of_a_stay_name_its_end(cast):
    stay = make.job(
        cast.alice,
        cast.overnight,
        start_time=dt.time(18),
        end_time=dt.time(9),
        ends_on=dt.date(2026, 11, 28),
        pets=[cast.biscuit],
    )
    facts = job_facts(stay)
    assert (facts.start_time, facts.ends_on, facts.end_time, facts.sitter) == ("18:00", "2026-11-28", "09:00", "")


def test_short_names_service_day_and_time():
    assert short(VisitFacts("Dog walk", "2026-11-26", start_time="12:00")) == "Dog walk, 2026-11-26 12:00"
    assert short(VisitFacts("Overnight", "2026-11-26")) == "Overnight, 2026-11-26"
