"""The other kinds of files: each is checked, brought in silently, the same twice, and goes again without a trace."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import (
    ClientContact,
    ImportKind,
    ImportRow,
    Invoice,
    InvoiceState,
    Job,
    JobState,
    OutboxMail,
    PayLine,
    Pet,
    ServiceItem,
    Species,
    VisitAlert,
)
from tests.databases import count
from tests.workflows.importing.test_clients import brought_in, checked, contents, counts, work_off
from workflows import alerts
from workflows.billing import books
from workflows.importing import runs

CLIENTS = "id,first name,last name,email\n77,Ida,Lind,ida@example.com\n"
CONTACTS = 'Client ID,Client Name,Name,Phone,Emergency\n77,,Tom,212 555 0143,yes\n,"Lind, Ida",Una,,no\n78,,Nobody,,\n'
VETS = "Practice,Telephone\nElm Vets,212 555 0150\nelm vets,212 555 0151\nOak Vets,call us\n"
PETS = (
    "Pet ID,Owner ID,Pet Name,Type,DOB,Vet,Active\n501,77,Rex,Canine,31/12/2019,ELM VETS,1\n502,77,Tom,Axolotl,13/01/2020,,no\n"
    "503,77,Old,Cat,01/01/1850,,\n504,99,Stray,Cat,,,\n505,77,Pip,Cat,,Nowhere,\n"
)
SERVICES = "Service;Category;Rate;Duration;Commission\nLong walk;Walks;1.025,50;60;40\nCat cuddle;Cats;18,00;30 min;\nBad;Cats;abc;30;\n"


@pytest.mark.covers("S6")
def test_a_household_with_its_vets_and_services_and_back(cast):
    before, n_mails = contents(), count(OutboxMail)
    done = []
    for kind, text, expected in (
        (ImportKind.CLIENTS, CLIENTS, (1, 0)),
        (ImportKind.CONTACTS, CONTACTS, (2, 1)),
        (ImportKind.VETS, VETS, (1, 2)),
        (ImportKind.PETS, PETS, (2, 3)),
        (ImportKind.SERVICES, SERVICES, (2, 1)),
    ):
        run = brought_in(kind, text, cast.as_olivia)
        why = [
            (r.number, r.problems)
            for r in db.session.scalars(sa.select(ImportRow).where(ImportRow.run_id == run.id))
            if r.problems
        ]
        assert counts(run) == ("done", expected[0], 0, 0, expected[1]), why
        again = checked(kind, text, cast.as_olivia)
        assert counts(again) == ("checked", 0, 0, *expected), kind
        runs.drop(again, actor=cast.as_olivia)
        done.append(run)
    assert count(OutboxMail) == n_mails
    rex = db.session.scalar(sa.select(Pet).where(Pet.name == "Rex"))
    assert (str(rex.client), str(rex.vet), rex.species, rex.born_on.isoformat()) == (
        "Ida Lind",
        "Elm Vets",
        Species.DOG,
        "2019-12-31",
    )
    assert db.session.scalar(sa.select(ClientContact.is_emergency).where(ClientContact.name == "Tom"))
    walk = db.session.scalar(sa.select(ServiceItem).where(ServiceItem.name == "Long walk"))
    assert (str(walk.price), walk.code, walk.group.name, walk.duration_minutes) == ("1025.50", "LongWalk", "Walks", 60)
    for run in reversed(done):
        runs.undo(run, actor=cast.as_olivia)
        work_off(run)
        assert run.state.value == "undone"
    assert db.session.scalar(sa.select(sa.func.count()).where(ImportRow.kept_why != "")) == 0
    assert contents() == before


def test_visits_keys_and_balances_and_back(cast):
    walk, alice, bob = cast.walk, cast.alice, cast.bob
    visits = (
        "Client Email,Service,Date,Time,Pets,Sitter,Price,Billed\n"
        f"{alice.email},{walk.name},2026-12-01,2 pm,{cast.biscuit.name},Sam Stone,21.50,\n"
        f"{alice.email},{walk.code},2026-12-01,14:10,,sam@example.com,,\n"
        f"{alice.email},{walk.name},2026-11-02,9:00 am,,Sam Stone,,no\n"
        f"{alice.email},{walk.name},2026-11-03,9:00 am,,Sam Stone,,\n"
        f"{alice.email},No such thing,2026-12-01,14:00,,,,\n"
        f"nobody@example.com,{walk.name},2026-12-01,14:00,,,,\n"
    )
    keys = f"Client Email,Key number,Held by\n{alice.email},x-1,Sam Stone\n{alice.email},X-2,\n{alice.email},x 1!,\n"
    before, n_mails, n_lines = contents(), count(OutboxMail), count(PayLine)
    done = []
    for kind, text, expected in ((ImportKind.VISITS, visits, (3, 3)), (ImportKind.KEYS, keys, (2, 1))):
        run = brought_in(kind, text, cast.as_olivia)
        why = [
            (r.number, r.problems)
            for r in db.session.scalars(sa.select(ImportRow).where(ImportRow.run_id == run.id))
            if r.problems
        ]
        assert counts(run) == ("done", expected[0], 0, 0, expected[1]), why
        again = checked(kind, text, cast.as_olivia)
        assert counts(again) == ("checked", 0, 0, *expected), kind
        runs.drop(again, actor=cast.as_olivia)
        done.append(run)
        if kind is ImportKind.VISITS:
            assert any("clashes" in p["why"] for number, ps in why if number == 3 for p in ps)
    old = db.session.scalar(sa.select(Job).where(Job.on_date == dt.date(2026, 11, 2), Job.client_id == alice.id))
    new = db.session.scalar(sa.select(Job).where(Job.price == Decimal("21.50")))
    assert (old.state, old.sitter_pay, old.price, new.state, new.sitter) == (
        JobState.COMPLETED,
        0,
        Decimal(25),
        JobState.SCHEDULED,
        cast.sam,
    )
    assert (count(OutboxMail), count(PayLine)) == (n_mails, n_lines)
    alerts.look()
    assert not db.session.scalar(sa.select(VisitAlert.id).where(VisitAlert.job_id == old.id))
    for run in done:
        runs.undo(run, actor=cast.as_olivia)
        work_off(run)
    assert db.session.scalars(sa.select(ImportRow.kept_why).where(ImportRow.kept_why != "")).all() == []
    after = contents()
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"visit_alert", "outbox_mail"}, changed  # what the other visits' warnings wrote
    balances = f"Client Email;Balance;Date\n{alice.email};1.045,50;01.11.2026\n{bob.email};-20,00;\n{bob.email};0,00;13.11.2026\n"
    run = brought_in(ImportKind.BALANCES, balances, cast.as_olivia)
    assert counts(run) == ("done", 2, 0, 0, 1)
    assert books.check() == []
    invoice = db.session.scalar(sa.select(Invoice).where(Invoice.total == Decimal("1045.50")))
    assert (invoice.client, invoice.state, invoice.tax_total) == (alice, InvoiceState.OPEN, 0)
    again = brought_in(ImportKind.BALANCES, balances, cast.as_olivia)
    assert counts(again) == ("done", 0, 0, 2, 1)
    runs.undo(run, actor=cast.as_olivia)
    work_off(run)
    assert invoice.state is InvoiceState.VOID
    assert "credit note stays" in db.session.scalar(sa.select(ImportRow.kept_why).where(ImportRow.kept_why != ""))
    assert books.check() == []
