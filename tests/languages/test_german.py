"""The second language: whole, carrying the same values, and shown wherever the business chose it."""

import datetime as dt
import re
import subprocess
import sys
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from mailer import own_words, previews
from mailer.render import render
from models import OutboxMail, PublicHoliday
from tests import factories as make
from tests.admin.office.walk import Office
from translations import texts
from workflows import catalogue, settings
from workflows.mail_codes import EDITABLE_KINDS
from workflows.mail_facts import MailKind

MEND = (
    "Run `make texts`, then `make -s texts-missing > new.json`, translate new.json, and `make texts-fill FILE=new.json`. "
    "CONTRIBUTING.md, Languages."
)


@pytest.fixture
def german(app, cast):
    settings.change({"business.locale": "de_DE", "business.currency": "EUR"}, actor=cast.as_olivia)
    db.session.commit()


def test_every_text_is_translated_with_its_values():
    template, german = texts.extracted(), texts.read("de")
    keys = {texts.forms(message.id) for message in template if message.id}
    there = {texts.forms(message.id): message for message in german if message.id}
    assert sorted(keys - set(there)) == [], f"not in the catalogue. {MEND}"
    assert sorted(set(there) - keys) == [], f"no longer in the code. {MEND}"
    assert list(texts.missing(german)) == [], f"not translated. {MEND}"
    assert {key[0]: problem for key, message in there.items() if (problem := texts.wrong(message))} == {}, MEND


def test_the_tool_takes_what_fits_and_says_what_does_not(tmp_path, monkeypatch):
    folder = tmp_path / "translations" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    path = folder / "messages.po"
    path.write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
        'msgid "Save"\nmsgstr ""\n\nmsgid "Hello %(name)s"\nmsgstr ""\n\n'
        '#, fuzzy\nmsgid "Old"\nmsgstr "Alt"\n\n'
        'msgid "%(num)d visit"\nmsgid_plural "%(num)d visits"\nmsgstr[0] ""\nmsgstr[1] ""\n',
        "utf-8",
    )
    monkeypatch.setattr(texts, "ROOT", tmp_path)
    empty = texts.missing(texts.read("de"))
    assert empty == {"Save": "", "Hello %(name)s": "", "Old": "", "%(num)d visit": ["", ""]}
    said = texts.fill(
        "de", {"Save": "Speichern", "Hello %(name)s": "Hallo %(nam)s", "Gone": "Weg", "%(num)d visit": "Besuch"}
    )
    assert [line.split(":")[0] for line in said] == [
        "values, markup or codes differ", "not a text of ours", "one and many belong together",
    ]  # fmt: skip
    assert texts.fill("de", {"%(num)d visit": ["ein Besuch", "%(num)d Besuche"], "Old": "Älter"}) == []
    assert texts.missing(texts.read("de")) == {"Hello %(name)s": ""}
    assert texts.compile_stale() == ["de"]
    assert texts.compile_stale() == []
    assert path.with_suffix(".mo").stat().st_size > 100
    assert [p.name for p in sorted(folder.iterdir())] == ["messages.mo", "messages.po"], "nothing is left lying about"


def test_a_tongue_without_a_catalogue_reads_english_and_writes_its_own_numbers(app, cast, http, sign_in_as_client):
    settings.change({"business.locale": "fr_FR"}, actor=cast.as_olivia)
    page = sign_in_as_client(http(), cast.alice).get("/portal/schedule").text
    assert '<html lang="fr-FR"' in page
    assert "novembre 2026" in page.lower()
    assert "Your schedule" in page or "Schedule" in page


def test_the_doors_and_both_faces_speak_german(german, app, cast, http, sign_in_as_staff, sign_in_as_client):
    job = make.job(cast.alice, on_date=dt.date(2026, 11, 26), start_time=dt.time(13, 5), price=Decimal("12.50"))
    db.session.commit()
    door = http().get("/portal/log-in").text
    assert '<html lang="de-DE"' in door
    assert "Anmelden" in door
    assert "Log in" not in door
    lost = http().get("/nothing")
    assert lost.status_code == 404
    assert "Fehler 404" in lost.text

    olivia, alice = sign_in_as_staff(http(), cast.olivia), sign_in_as_client(http(), cast.alice)
    portal = alice.get("/portal/schedule?month=2026-11").text
    days = re.findall(r'<abbr title="(\w+)">', portal)
    assert (days[0], days[6]) == ("Montag", "Sonntag"), "a week begins on Monday"
    assert "November 2026" in portal
    visit = olivia.get(f"/admin/visit/{job.id}/").text
    assert "13:05" in visit
    assert "PM" not in visit
    assert "12,50\N{NO-BREAK SPACE}€" in visit
    assert "26. Nov" in visit or "26. November" in visit


def test_amounts_are_read_with_a_decimal_comma(german, cast, http, sign_in_as_staff):
    office = Office(sign_in_as_staff(http(), cast.olivia))
    form = office.get(f"/admin/services/edit/?id={cast.walk.id}")
    assert re.fullmatch(r"\d+,\d\d", form.fields("/admin/services/edit/")["price"])
    form.press("Speichern", price="1.012,50")
    db.session.expire_all()
    assert cast.walk.price == Decimal("1012.50")
    assert "1.012,50 €" in office.get("/admin/services/").main
    refused = office.get(f"/admin/services/edit/?id={cast.walk.id}").press("Speichern", price="zwölf")
    assert "Geben Sie eine Zahl ein" in refused.main
    assert "zum Beispiel 12,50" in refused.main


def test_mails_are_written_in_german(german):
    for kind in MailKind:
        made = render(previews.preview_mail(kind))
        assert made.subject
        # What the office wrote itself stays as it is.
        assert "Hello " not in made.text or kind in {MailKind.OWN_MAIL, MailKind.TEMPLATE_TEST}
        assert 'lang="de-DE"' in made.html
    scheduled = render(previews.preview_mail(MailKind.JOB_SCHEDULED))
    assert scheduled.text.startswith("Guten Tag ")
    assert re.search(r"\d,\d\d €", scheduled.text.replace("\N{NO-BREAK SPACE}", " "))


def test_the_words_that_an_office_may_change_begin_in_german(german):
    for kind in sorted(EDITABLE_KINDS):
        words = own_words.default_words(kind)
        assert "Hello" not in words.body
        assert own_words.try_out(kind, words) == "", kind
        settings.forget()
    codes = re.compile(r"\{[A-Z_ ]+\}")
    for path in texts.ROOT.glob("mail_templates/*/words.txt"):
        german_words = path.with_name("words.de.txt")
        assert german_words.exists(), path.parent.name
        assert set(codes.findall(path.read_text("utf-8"))) == set(codes.findall(german_words.read_text("utf-8")))


def test_a_mail_of_german_words_is_sent_as_german(german, cast):
    kind = MailKind.JOB_SCHEDULED
    made = own_words.preview(kind, *own_words.default_words(kind)[:2])
    assert "Kundennummer" in made.text
    assert "Hello" not in made.text
    assert db.session.query(OutboxMail).count() == 0


def test_the_command_prints_json_and_refuses_what_it_does_not_know():
    done = subprocess.run(
        [sys.executable, "translations/texts.py", "missing", "de"],
        cwd=texts.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().startswith("{")
    assert texts.main(["nothing"]) == 2


def test_public_holidays_come_with_their_german_names(german, cast):
    assert catalogue.load_holidays("DE", 2027, actor=cast.as_olivia) > 5
    assert catalogue.load_holidays("US", 2028, actor=cast.as_olivia) > 5, (
        "a calendar without German names gives English ones"
    )
    names = set(db.session.scalars(sa.select(PublicHoliday.name)))
    assert {"Neujahr", "Karfreitag", "New Year's Day"} <= names
