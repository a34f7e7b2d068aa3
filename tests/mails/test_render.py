"""Every kind of mail as text and HTML: the words, the links, and what people typed."""

import dataclasses
import datetime as dt
import re
from functools import cache
from html.parser import HTMLParser

import pytest

from foundation.db import db
from mailer.examples import PREVIEWS
from mailer.kinds import KINDS, PARTS, TEMPLATES, label
from mailer.previews import preview_mail
from mailer.render import PATHS, SET_PASSWORD_PATHS, render
from models import Realm, Setting
from tests import databases, factories
from workflows import login_links, settings
from workflows.errors import Invalid
from workflows.mail_codes import EDITABLE_KINDS
from workflows.mail_facts import FACTS, MailKind, SetPassword, SitterSchedule, VisitFacts

pytestmark = pytest.mark.usefixtures("business")
WALK = VisitFacts("Dog walk", "2026-11-26", start_time="12:00", pets=("Biscuit", "Mochi"), note="Blue harness")
PAYLOADS = (
    "<img src=x onerror=alert(1)>", "{{7*7}}${7*7}", "x\r\nBcc: evil@example.net", "<script>alert(1)</script>",
    "\u202egnp.exe\x00\x1b[31m", "%(num)s %s {% raw %}",
)  # fmt: skip


@pytest.fixture
def app(sqlite_app):
    """Rendering reads settings and nothing else, so one database will do."""
    databases.empty(sqlite_app)
    with sqlite_app.app_context():
        yield sqlite_app
        db.session.rollback()


class Page(HTMLParser):
    """The tags and links of a mail."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.links, self.words, self.attributes, self._skip = [], [], [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.links += [value for name, value in attrs if name in {"href", "src", "background"}]
        self._skip = tag in {"style", "title"}

    def handle_endtag(self, tag):
        self._skip = False

    def handle_data(self, data):
        if not self._skip:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def set_setting(key, value):
    db.session.merge(Setting(key=key, value=value))
    db.session.commit()
    settings.forget()


@cache
def example(kind):
    """The example of a kind, rendered once for all tests that only look at it."""
    return render(preview_mail(kind))


def rendered(kind, **changes):
    return render(preview_mail(kind, dataclasses.replace(PREVIEWS[kind], **changes)))


def test_kinds_templates_facts_and_previews_name_the_same_mails():
    folders = {p.name for p in TEMPLATES.iterdir() if p.is_dir() and not p.name.startswith("_")}
    assert folders == set(KINDS) == set(PREVIEWS) == set(FACTS) == set(MailKind)
    assert {(k, p.name) for k in MailKind for p in KINDS[k].folder.iterdir()} == {
        *((k, p) for k in MailKind for p in PARTS), *((k, words) for k in EDITABLE_KINDS for words in ("words.txt", "words.de.txt")),
    }  # fmt: skip
    assert all(type(PREVIEWS[kind]) is FACTS[kind] for kind in MailKind)


def test_only_mails_with_a_way_in_are_sensitive_and_every_kind_has_a_name():
    assert [k for k in MailKind if KINDS[k].is_sensitive] == [
        MailKind.SITTER_REQUEST_MESSAGE, MailKind.SET_PASSWORD, MailKind.REGISTRATION_LINK, MailKind.REGISTRATION_KNOWN,
    ]  # fmt: skip
    assert label("job_scheduled") == "Job scheduled"
    assert label("of_tomorrows_version") == "of_tomorrows_version"
    assert len({k.label for k in KINDS.values()}) == len(MailKind)
    assert {k.category_label for k in KINDS.values()} == {
        "Requests", "Visits", "Invoices and payments", "To sitters", "To the office", "Log-in",
    }  # fmt: skip


@pytest.mark.parametrize("kind", MailKind)
def test_every_kind_renders_in_text_and_html(kind):
    subject, text, html = example(kind)
    page = Page(html)
    assert 0 < len(subject) <= 200
    assert subject == " ".join(subject.split())
    assert not re.search(r"\{\{|\{%|\{#|%\(|None|Undefined", subject + text + page.text)
    assert "Maple Lane Pet Care" in text
    assert "Maple Lane Pet Care" in page.text
    for shown in ("12 Maple Lane", "Springfield, MA 01101", "(413) 555-0123", "hello@maple.example"):
        assert shown in text
        assert shown in page.text


@pytest.mark.parametrize("kind", MailKind)
def test_every_link_is_absolute_and_ours(app, kind):
    _subject, text, html = example(kind)
    ours = app.config["PUBLIC_URL"] + "/"
    links = Page(html).links
    assert links
    assert [x for x in links + re.findall(r"\S*://\S*", text) if not x.startswith(ours)] == []
    assert set(re.findall(r"https?://\S+", text)) >= set(links)


@pytest.mark.parametrize("kind", MailKind)
def test_html_loads_nothing_and_runs_nothing(kind):
    html = example(kind).html
    page = Page(html)
    assert not {"script", "img", "link", "iframe", "form", "object", "svg"} & set(page.tags)
    assert not re.search(r"url\(|@import|http-equiv", html)
    assert [name for name, _value in page.attributes if name.startswith("on")] == []


@pytest.mark.parametrize("kind", MailKind)
def test_plain_text_is_set_for_reading(kind):
    text = example(kind).text
    assert [x for x in text.splitlines() if len(x) > 76 and "://" not in x] == []
    assert "\n\n\n" not in text
    assert text == text.strip() + "\n"
    assert [x for x in text.splitlines() if x != x.rstrip()] == []


def spoil(value, payload):
    """Facts in which every text that people may have typed is the payload."""
    if dataclasses.is_dataclass(value):
        keep = {
            "on_date",
            "due_on",
            "outstanding",
            "total",
            "balance",
            "start_time",
            "end_time",
            "ends_on",
            "first_on",
            "last_on",
            "for_date",
            "upto_on",
            "reply_by",
            "price",
            "realm",
            "what",
            "outcome",
            "reason",
            "account_number",
        }
        if not isinstance(value, SetPassword):
            keep -= {"reason", "account_number"}
        changes = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return type(value)(**{k: v if k in keep else spoil(v, payload) for k, v in changes.items()})
    if isinstance(value, tuple):
        return tuple(spoil(v, payload) for v in value)
    return payload if isinstance(value, str) else value


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("kind", EDITABLE_KINDS)
def test_what_people_typed_stays_text(kind, payload):
    for key in ("business.name", "business.address"):
        db.session.merge(Setting(key=key, value=payload))
    db.session.commit()
    settings.forget()
    subject, text, html = render(preview_mail(kind, spoil(PREVIEWS[kind], payload)))
    page = Page(html)
    assert not {"script", "img"} & set(page.tags)
    assert [name for name, _value in page.attributes if name.startswith("on")] == []
    assert [x for x in page.links if not x.startswith("http://127.0.0.1:8000/")] == []
    assert not re.search("[\r\n\x00\x1b\u202e]", subject)
    assert not re.search("[\x00\x1b\u202e\r]", text + html)
    assert "49" not in page.text.replace("4417 209 318", "")
    for shown in [x for x in PAYLOADS if x in payload and x.startswith(("<", "{{"))]:
        assert shown in " ".join(text.split())
        assert shown in page.text


def test_a_note_of_several_lines_keeps_them_and_a_name_does_not():
    line = dataclasses.replace(WALK, note="One\nTwo", service="Dog\nwalk")
    _subject, text, html = rendered(MailKind.VISITS_BOOKED, visits=(line,))
    assert "- Dog walk\n  Thu, Nov 26, 12:00 PM\n  Pets: Biscuit, Mochi\n  Note: One\n  Two\n" in text
    assert "Note: One<br>Two" in html


def test_request_received_word_for_word():
    subject, text, _html = rendered(
        MailKind.REQUEST_RECEIVED,
        lines=(WALK, VisitFacts("Cat visit", "2026-11-27", block="Morning 07:00-10:00", price="18.50")),
        n_kept_back=0,
    )
    assert subject == "We have your request 17"
    assert (
        text
        == """\
Hello Alice Archer,

We have your request 17 with 2 visits. They are requested, not booked yet.
Maple Lane Pet Care looks at it next and writes to you as soon as it is
decided.

- Dog walk
  Thu, Nov 26, 12:00 PM
  Pets: Biscuit, Mochi
  Note: Blue harness

- Cat visit
  Fri, Nov 27, Morning, 7:00 AM \N{EN DASH} 10:00 AM
  Price: $18.50

Until a visit is scheduled you can add to this request or cancel it:
http://127.0.0.1:8000/portal/requests

Account number: 4417 209 318

Questions? Answer this mail or call (413) 555-0123.

Maple Lane Pet Care
12 Maple Lane
Springfield, MA 01101
hello@maple.example
"""
    )


def test_added_lines_say_how_many_and_to_which_request():
    assert rendered(MailKind.REQUEST_RECEIVED, added=True).subject == "We added 2 visits to request 17"
    one = rendered(MailKind.REQUEST_RECEIVED, added=True, lines=(WALK,))
    assert one.subject == "We added 1 visit to request 17"
    assert "We added 1 visit to your request 17. It is requested, not booked yet." in one.text


def test_lines_kept_back_are_explained_with_the_way_to_the_basket():
    none, one, two = (rendered(MailKind.REQUEST_RECEIVED, n_kept_back=n).text for n in (0, 1, 2))
    assert "basket" not in none
    assert "1 visit stayed in your basket, because it can no longer be requested online." in " ".join(one.split())
    assert "2 visits stayed in your basket, because they can no longer be" in " ".join(two.split())


def test_an_auto_submitted_basket_says_why_it_was_sent():
    mail = rendered(MailKind.REQUEST_AUTO_SUBMITTED, lines=(WALK,))
    assert mail.subject == "We sent your basket for you: request 18"
    words = " ".join(mail.text.split())
    assert "1 visit lay in your basket and had not been sent. So that it is not forgotten, we sent it for you." in words
    assert "This is now your request 18: requested, not booked yet." in words
    added = rendered(MailKind.REQUEST_AUTO_SUBMITTED, added=True)
    assert added.subject == "We sent 2 visits from your basket, added to request 18"
    assert "They are now part of your request 18" in added.text


def test_the_estimate_is_shown_only_when_every_line_has_a_price():
    priced = dataclasses.replace(WALK, price="24.00")
    assert "Estimate: $48.00" in rendered(MailKind.REQUEST_RECEIVED, lines=(priced, priced)).text
    assert "Estimate" not in rendered(MailKind.REQUEST_RECEIVED, lines=(priced, WALK)).text


def test_a_decline_carries_the_reason():
    mail = rendered(MailKind.REQUEST_DECLINED, reason="No sitter is free.", lines=(WALK,))
    assert mail.subject == "We cannot do 1 visit of request 17"
    assert "  No sitter is free.\n" in mail.text
    assert "No sitter is free." in Page(mail.html).text


def test_sitters_see_client_pets_time_and_note_but_no_price():
    mail = rendered(MailKind.SITTER_VISIT_ASSIGNED, visits=(WALK,))
    assert mail.subject == "New visit: Alice Archer, Thu, Nov 26"
    for shown in ("Alice Archer", "Biscuit, Mochi", "12:00 PM", "Blue harness"):
        assert shown in mail.text
        assert shown in Page(mail.html).text
    message = rendered(MailKind.SITTER_REQUEST_MESSAGE, lines=(dataclasses.replace(WALK, price="24.00"),))
    assert "24.00" not in message.text + message.html


def test_a_moved_visit_shows_the_new_time_before_the_old():
    text = rendered(MailKind.SITTER_VISIT_MOVED).text
    assert text.index("3:30 PM") < text.index("No longer:") < text.index("12:00 PM")


@pytest.mark.parametrize(
    ("because", "subject", "words"),
    [
        ("cancelled", "Visit cancelled: Alice Archer, Thu, Nov 26", "is cancelled. Please do not go:"),
        ("reassigned", "No longer yours: Alice Archer, Thu, Nov 26", "Somebody else does this visit"),
    ],
)
def test_a_visit_taken_away_says_why(because, subject, words):
    mail = rendered(MailKind.SITTER_VISIT_TAKEN_AWAY, because=because)
    assert mail.subject == subject
    assert words in mail.text


def test_an_evening_mail_without_visits_tells_the_changes_in_words():
    facts = SitterSchedule(
        "Sam", "2026-11-27", (), ("Dog walk, 2026-11-30 12:00 \N{BALLOT X}", "Walk 2026-99-99 77:88")
    )
    subject, text, _html = render(preview_mail(MailKind.SITTER_SCHEDULE, facts))
    assert subject == "No visits on Fri, Nov 27"
    assert "- Cancelled: Dog walk, Mon, Nov 30, 12:00 PM\n- Walk 2026-99-99, 77:88\n" in text


def test_dates_and_money_follow_the_business_locale():
    set_setting("business.locale", "en_GB")
    set_setting("business.currency", "GBP")
    text = rendered(MailKind.VISITS_BOOKED, visits=(dataclasses.replace(WALK, price="24.00"),)).text
    assert "  Thu 26 Nov, 12:00\n" in text
    assert "Price: £24.00" in text
    set_setting("business.locale", "de_DE")
    set_setting("business.currency", "EUR")
    mail = rendered(MailKind.VISITS_BOOKED, visits=(dataclasses.replace(WALK, price="1240.00"),))
    assert "  Do., 26. Nov, 12:00\n" in mail.text
    assert "1.240,00 €" in mail.text
    assert '<html lang="de-DE" dir="ltr"' in mail.html


def test_a_stay_shows_both_ends_and_another_year_is_named():
    stay = VisitFacts("Stay", "2026-12-30", start_time="18:00", ends_on="2027-01-02", end_time="09:00")
    text = rendered(MailKind.VISITS_BOOKED, visits=(stay, VisitFacts("Day care", "2026-12-01"))).text
    assert "  Wed, Dec 30, 6:00 PM \N{EN DASH} Sat, Jan 2, 2027, 9:00 AM\n" in text
    assert "- Day care\n  Tue, Dec 1\n" in text


def test_a_basket_reminder_says_when_it_is_sent_by_itself():
    assert "A basket that nobody changes for 24 hours is sent by itself." in rendered(MailKind.BASKET_REMINDER).text
    set_setting("portal.auto_submit_hours", None)
    assert "by itself" not in rendered(MailKind.BASKET_REMINDER).text


def test_mails_lead_to_pages_that_exist(app):
    pages = {rule.rule for rule in app.url_map.iter_rules() if "GET" in rule.methods}
    assert set(PATHS.values()) | {f"{path}<token>" for path in SET_PASSWORD_PATHS.values()} <= pages


@pytest.mark.parametrize("kind", MailKind)
def test_mails_do_not_lead_to_pages_that_are_switched_off(kind):
    set_setting("portal.schedule", value=False)
    set_setting("portal.requests", value=False)
    assert not re.search("/portal/(schedule|request)", "".join(render(preview_mail(kind))))


def test_a_business_without_phone_and_address_gets_no_empty_lines():
    for key in ("business.phone", "business.address", "business.email"):
        set_setting(key, "")
    text = rendered(MailKind.JOB_SCHEDULED).text
    assert text.endswith("Account number: 4417 209 318\n\nMaple Lane Pet Care\n")
    set_setting("business.phone", "+14135550123")
    assert "Questions? Call (413) 555-0123." in rendered(MailKind.JOB_SCHEDULED).text
    set_setting("business.phone", "")
    set_setting("business.email", "hello@maple.example")
    assert "Questions? Just answer this mail." in rendered(MailKind.JOB_SCHEDULED).text


@pytest.mark.parametrize(
    ("realm", "reason", "number", "path", "words"),
    [
        ("client", "invitation", "4417209318", "/portal/set-password/", "within 7 days"),
        ("client", "forgotten", "4417209318", "/portal/set-password/", "within 1 hour"),
        ("staff", "invitation", "", "/office/set-password/", "has opened a staff account for you"),
        ("staff", "forgotten", "", "/office/set-password/", "your password stays as it is"),
    ],
)
def test_a_password_mail_has_one_link_and_says_how_long_it_lives(app, realm, reason, number, path, words):
    facts = SetPassword("Alice", realm, 5, 2, reason, number)
    subject, text, html = render(preview_mail(MailKind.SET_PASSWORD, facts))
    (link,) = re.findall(r"https?://\S+", text)
    assert link.startswith(app.config["PUBLIC_URL"] + path)
    assert set(Page(html).links) == {link}
    assert words in " ".join(text.split())
    assert words in Page(html).text
    assert ("4417 209 318" in text) is bool(number)
    assert link.rpartition("/")[2] not in subject


def test_the_link_of_a_password_mail_opens_the_log_in_until_its_time_is_over(app, cast, clock_at):
    login = factories.client_login(cast.alice, link_serial=3)
    db.session.commit()
    facts = SetPassword("Alice", "client", login.id, 3, "forgotten", cast.alice.account_number)
    token = re.search(r"/portal/set-password/(\S+)", render(preview_mail(MailKind.SET_PASSWORD, facts)).text)[1]
    assert login_links.read_link(app.config["SECRET_KEY"], Realm.CLIENT, token).id == login.id
    with pytest.raises(Invalid):
        login_links.read_link(app.config["SECRET_KEY"], Realm.STAFF, token)
    clock_at(dt.datetime(2026, 11, 23, 16, 0, 1, tzinfo=dt.UTC))
    with pytest.raises(Invalid):
        login_links.read_link(app.config["SECRET_KEY"], Realm.CLIENT, token)


def test_facts_of_a_newer_version_are_shown_as_far_as_they_are_known():
    mail = preview_mail(MailKind.VISITS_BOOKED)
    mail.facts = {**mail.facts, "colour": "blue"}
    assert render(mail).subject == "Booked for you: 1 visit, Thu, Nov 26"


def test_facts_that_miss_something_are_a_bug_not_an_empty_line():
    mail = preview_mail(MailKind.REQUEST_DECLINED)
    mail.facts = {k: v for k, v in mail.facts.items() if k != "reason"}
    with pytest.raises(TypeError):
        render(mail)
