"""Each person's own language: chosen from those that are shipped, for the pages alone, and gone where it is switched off."""

import re

import pytest

from foundation.db import db
from mailer.render import render
from models import Activity
from tests import factories as make
from tests.admin.office.walk import Office
from tests.databases import count
from translations import texts
from workflows import languages, outbox, settings, sign_ins
from workflows.actors import staff_as_client
from workflows.errors import Invalid, NotAllowed
from workflows.mail_facts import BasketReminder, MailKind

pytestmark = pytest.mark.covers("P8")


@pytest.fixture
def hannah(cast):
    found = make.client_login(cast.alice)
    db.session.commit()
    return found


def names_in(html):
    return re.findall(r'<option value="(\w*)"', html.partition('id="locale"')[2].partition("</select>")[0])


def test_only_languages_whose_texts_are_shipped_can_be_chosen(cast, hannah):
    assert set(languages.SHIPPED) == {"en", *texts.catalogues()}
    assert {code.partition("_")[0] for code, _name in languages.offered()} == set(languages.SHIPPED)
    assert dict(languages.offered())["de_DE"] == "Deutsch (Deutschland)"
    for wrong in ("fr_FR", "xx", "../de"):
        with pytest.raises(Invalid):
            languages.choose(hannah, wrong, actor=sign_ins.person(hannah))
    for other in (cast.as_olivia, staff_as_client(cast.olivia, cast.alice), cast.as_bob):
        with pytest.raises(NotAllowed):
            languages.choose(hannah, "de_DE", actor=other)
    assert (hannah.locale, languages.own(hannah)) == (None, None)
    for _twice in range(2):
        languages.choose(hannah, "de_DE", actor=sign_ins.person(hannah))
    assert languages.own(hannah) == "de_DE"
    assert count(Activity, Activity.verb == "access.language_chosen") == 1
    hannah.locale = "fr_FR"  # an older version offered it
    assert languages.own(hannah) is None


def test_a_client_reads_german_where_the_business_and_its_mails_are_english(app, cast, http, sign_in_as_client):
    browser = sign_in_as_client(http(), cast.alice)
    page = browser.get("/portal/settings/language").text
    assert names_in(page) == ["", *(code for code, _name in languages.offered())]
    assert "As the business has it: English (United States)" in page
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)[1]
    url = "/portal/settings/language"
    wrong = browser.post(url, data={"csrf_token": token, "locale": "fr_FR"})
    assert wrong.status_code == 422
    assert "Choose one of the languages of the list." in wrong.text
    assert browser.post(url, data={"csrf_token": token, "locale": "de_DE"}).status_code == 303
    shown = browser.get("/portal/settings/").text
    assert '<html lang="de-DE"' in shown
    assert "Gespeichert." in shown, "the answer is in the new language"
    month = browser.get("/portal/schedule?month=2026-11").text
    assert re.findall(r'<abbr title="(\w+)">', month)[0] == "Montag"
    # Bob, the door and the office have the business's.
    other = sign_in_as_client(http(), cast.bob).get("/portal/schedule?month=2026-11").text
    assert '<html lang="en-US"' in other
    assert '<html lang="en-US"' in http().get("/portal/log-in").text
    facts = BasketReminder("Alice", "1", (), "x")
    mail = outbox_mail(facts, cast.alice)
    assert 'lang="en-US"' in mail
    # Switched off: the pages are gone, and what was chosen counts no more.
    settings.change({"portal.languages": False}, actor=cast.as_olivia)
    db.session.commit()
    assert browser.get(url).status_code == 404
    assert '<html lang="en-US"' in browser.get("/portal/settings/").text
    assert "/portal/settings/language" not in browser.get("/portal/settings/").text


def outbox_mail(facts, client):
    mail = outbox.queue_client_mail(MailKind.BASKET_REMINDER, facts, client=client)
    return render(mail).html


def test_the_team_chooses_in_both_faces_and_amounts_follow_while_the_currency_stays(app, cast, http, sign_in_as_staff):
    settings.change({"portal.languages": False}, actor=cast.as_olivia)  # is about clients
    db.session.commit()
    office = Office(sign_in_as_staff(http(), cast.olivia))
    office.get("/admin/account/language").press("Save", locale="de_DE")
    assert "20,00\N{NO-BREAK SPACE}$" in office.get("/admin/services/").html
    form = office.get(f"/admin/services/edit/?id={cast.walk.id}")
    form.press("Speichern", price="1.012,50")
    db.session.refresh(cast.walk)
    assert str(cast.walk.price) == "1012.50"
    max_ = Office(sign_in_as_staff(http(), cast.max))
    assert "$20.00" in max_.get("/admin/services/").html
    office.get("/admin/account/language").press("Speichern", locale="")
    assert "$1,012.50" in office.get("/admin/services/").html
    sam = sign_in_as_staff(http(), cast.sam)
    page = sam.get("/staff/account/language").text
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)[1]
    assert sam.post("/staff/account/language", data={"csrf_token": token, "locale": "en_GB"}).status_code == 303
    assert '<html lang="en-GB"' in sam.get("/staff/").text
