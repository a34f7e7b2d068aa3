"""Mails in the office's own words: all kinds, what is inserted where, and what nobody can do with them."""

import re
import time

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from foundation.db import db
from mailer import own_words
from mailer.code_values import UnknownCode
from mailer.examples import PREVIEWS
from mailer.previews import preview_mail
from mailer.render import render
from tests import databases
from tests.mails.test_render import Page
from workflows import mail_texts
from workflows.mail_checking import problems, tidy_words
from workflows.mail_codes import EDITABLE_KINDS, Shape, codes_of
from workflows.mail_facts import MailKind, VisitFacts
from workflows.mail_markup import BODY_MOST

pytestmark = [pytest.mark.covers("S4"), pytest.mark.usefixtures("business")]
SIGNED = re.compile(r"[\w-]+\.[\w-]{6}\.[\w-]{40,}")
#: words of the default mails that say how many there are, which their editable form says otherwise
_COMMON = {"a", "the", "of", "to", "is", "are", "it", "your", "this", "these", "you", "we", "visit", "visits", "and"}


@pytest.fixture
def app(sqlite_app):
    """Rendering reads, so one database will do; delivery is in `test_own_words_delivery`, on both."""
    databases.empty(sqlite_app)
    with sqlite_app.app_context():
        yield sqlite_app
        db.session.rollback()


def shown(kind, subject, body, **facts):
    mail = preview_mail(kind, PREVIEWS[kind].__class__(**{**vars(PREVIEWS[kind]), **facts}))
    return own_words.preview(kind, subject, body, mail)


@pytest.mark.parametrize("kind", EDITABLE_KINDS)
def test_the_words_to_begin_with_can_be_saved_and_say_what_the_mail_says(kind):
    words = own_words.default_words(kind)
    assert [p.say() for p in problems(kind, *words)] == []
    made, came = own_words.preview(kind, *words), render(preview_mail(kind))
    for part, whole in ((made.text, came.text), (Page(made.html).text, Page(came.html).text)):
        # Everything that comes from the facts: figures, names, what people wrote, in any order.
        lost = {w for w in re.findall(r"[\w$.,:#·-]*\d[\w$.,:#·-]*|\b[A-Z]\w{3,}", whole) if w.strip(".,:") not in part}
        lost -= {"They", "There", "These", "This", "When", "Look", "Open", "Choose", "With", "Your", "Answer", "Until"}
        lost = {w for w in lost if not SIGNED.search(w) and not re.fullmatch(r"\d{1,2}", w.strip(".,"))}
        assert len(lost) <= 3, lost
    assert not re.search(r"\{[A-Z]|\*\*|\[\[|None|Undefined", made.subject + made.text + Page(made.html).text)
    assert not SIGNED.search(made.text + made.html)  # what lets somebody in is not in a preview
    assert {x.split("?")[0] for x in Page(made.html).links} or kind is MailKind.SECURITY_NEWS


@pytest.mark.parametrize("kind", EDITABLE_KINDS)
def test_every_code_of_every_kind_can_be_read_and_is_explained(kind):
    codes = codes_of(kind)
    inline = " ".join(f"{{{n}}}" for n, c in codes.items() if c.shape in {Shape.WORDS, Shape.LINK})
    blocks = "\n".join(f"{{{n}}}" for n, c in codes.items() if c.shape is Shape.BLOCK)
    ifs = "\n".join(f"{{IF {n}}}{n} holds{{END}}" for n in codes)
    body = f"{inline}\n\n{blocks}\n\n{ifs}"
    assert problems(kind, "News", body) == []
    made = own_words.preview(kind, "News", body)
    assert made.text
    assert all(c.help and c.help[0].isupper() for c in codes.values())
    if "CLIENT_NAME" in codes:
        assert {"CLIENT_FORENAME", "CLIENT_SURNAME"} <= codes.keys()


def test_the_codes_of_the_trade_are_known():
    wanted = {
        "COMPANY_NAME", "COMPANY_EMAIL", "COMPANY_PHONE", "CLIENT_FORENAME", "CLIENT_ACCOUNT_NUMBER", "CLIENT_PORTAL_URL",
        "INVOICE_NUMBER", "INVOICE_TOTAL", "INVOICE_OUTSTANDING", "INVOICE_FIRST_SENT", "INVOICE_LAST_SENT",
        "INVOICE_SERVICE_START", "INVOICE_SERVICE_END",
    }  # fmt: skip
    assert wanted <= codes_of(MailKind.INVOICE_SENT).keys()
    assert "JOB_TABLE" in codes_of(MailKind.JOB_SCHEDULED)
    body = "{CLIENT_FORENAME}, {INVOICE_NUMBER} of {INVOICE_TOTAL}, sent {INVOICE_FIRST_SENT}, due {INVOICE_DUE}"
    assert "Alice, INV-1024 of $118.00, sent Mon, Nov 23, due Mon, Dec 7" in own_words.preview(MailKind.INVOICE_SENT, "x", body).text  # fmt: skip


def test_markup_as_text_and_html():
    body = (
        "Hello {CLIENT_FORENAME},\nsecond line of **bold {COMPANY_NAME}**\n\n- one\n- two {REQUEST_NUMBER}\n\n{REASON}\n\n"
        "See [our page](https://maple.example/prices?a=1&b=2), [the portal]({CLIENT_PORTAL_URL}) or {CLIENT_PORTAL_URL}\n\n"
        "[[Open it|{PORTAL_REQUESTS_URL}]]\n\n{IF REASON}\nWith a reason\n{END}\n{IF NOT REASON}\nWithout\n{END}"
    )
    assert problems(MailKind.REQUEST_CANCELLED, "Request {REQUEST_NUMBER}", body) == []
    made = own_words.preview(MailKind.REQUEST_CANCELLED, "Request {REQUEST_NUMBER}", body)
    assert made.subject == "Request 17"
    assert made.text.startswith(
        "Hello Alice,\nsecond line of bold Maple Lane Pet Care\n\n- one\n- two 17\n\n  We are at home after all.\n\n"
        "See our page (https://maple.example/prices?a=1&b=2), the portal\n(http://127.0.0.1:8000/portal/) or http://127.0.0.1:8000/portal/\n\n"
        "Open it:\nhttp://127.0.0.1:8000/portal/requests\n\nWith a reason\n"
    )
    assert "<strong>bold Maple Lane Pet Care</strong>" in re.sub(r' style="[^"]*"', "", made.html)
    html = re.sub(r' style="[^"]*"', "", made.html)
    assert "<ul><li>one</li><li>two 17</li></ul>" in html
    assert '<a href="https://maple.example/prices?a=1&amp;b=2">our page</a>' in html
    assert '<a class="button" href="http://127.0.0.1:8000/portal/requests">Open it</a>' in html
    assert "Without" not in made.text
    assert "Page Not" not in made.text


@pytest.mark.parametrize(
    "name",
    ["{CLIENT_EMAIL} {COMPANY_NAME}", "**x** y", "[a](https://evil.example)", "{IF REASON}", "{{ 7*7 }}", "\ue0000\ue001 z", '"><img src=x>'],
)  # fmt: skip
def test_values_are_inserted_as_they_are_and_looked_at_no_more(name):
    body = "Dear {CLIENT_NAME}, [go {CLIENT_NAME}]({CLIENT_PORTAL_URL}) **{CLIENT_NAME}**\n\n[[{CLIENT_NAME}|{CLIENT_PORTAL_URL}]]\n\n{REASON}"
    made = shown(MailKind.REQUEST_CANCELLED, "For {CLIENT_NAME}", body, client_name=name, reason=name)
    assert made.subject == f"For {name}"
    assert " ".join(made.text.split()).startswith(f"Dear {name}, go {name} (http")
    page = Page(made.html)
    assert page.text.count(name) == 6  # heading, three times in the line, the button, the reason
    assert not {"img", "script"} & set(page.tags)
    assert {x.split("/")[2] for x in page.links} == {"127.0.0.1:8000"}


@pytest.mark.parametrize(
    "body",
    [
        "{{ 7*7 }} {% for x in range(1000000000) %}{% endfor %}", "{{ ''.__class__.__mro__ }}", "{{ config.SECRET_KEY }}",
        "${7*7} #{7*7} <%= 7*7 %>", "{# a #}", "%(x)s %s {0.__class__}", "{CLIENT_NAME.__class__}", "{facts.client_name!r}",
    ],
)  # fmt: skip
def test_what_would_be_code_elsewhere_is_plain_text(app, body):
    made = own_words.preview(MailKind.REQUEST_CANCELLED, body, body)
    assert " ".join(body.split()) in " ".join(made.text.split())
    assert " ".join(body.split()) in Page(made.html).text
    assert made.subject == body
    assert app.config["SECRET_KEY"] not in made.html
    assert "49" not in made.text.replace("4417 209 318", "")


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,x", "//evil.example", "/admin/", 'https://x"onclick="y',
        "https://evil.example/?mail={CLIENT_ACCOUNT_NUMBER}", "https://evil.example/{CLIENT_PORTAL_URL}", "{REASON}",
        "{CLIENT_NAME}", "vbscript:x", "https:// x", "mailto:a@b.example?bcc=c@d.example", " https://\u202eevil",
    ],
)  # fmt: skip
def test_words_lead_to_addresses_and_links_only(target):
    body = f"[see]({target})\n\n[[press|{target}]]"
    assert [p.code for p in problems(MailKind.REQUEST_CANCELLED, "x", body)]
    made = shown(MailKind.REQUEST_CANCELLED, "x", body + "\n\nwords")  # delivery holds too, should it ever be stored
    assert [x for x in Page(made.html).links if "evil" in x or not x.startswith("http")] == []
    assert not [n for n, _v in Page(made.html).attributes if n.startswith("on")]


@pytest.mark.parametrize(
    ("kind", "subject", "body", "told"),
    [
        ("request_cancelled", "x", "Hi {CLIENT_FORNAME}", "This mail has no code {CLIENT_FORNAME}. Do you mean {CLIENT_FORENAME}?"),
        ("request_cancelled", "x", "Hi {PASSWORD_URL}", "This mail has no code {PASSWORD_URL}. Choose one of the list."),
        ("request_cancelled", "x", "{IF REASON}\nhi", "{IF REASON} has no {END}."),
        ("request_cancelled", "x", "hi {END}", "An {END} stands without its {IF ...}."),
        ("request_cancelled", "x", "{IF REASON}{IF NOT VISITS}a{END}{END}", "{IF VISITS} begins before {IF REASON} has its {END}."),
        ("request_cancelled", "x", "Because: {REASON}", "{REASON} shows a whole piece: put it alone on a line."),
        ("request_cancelled", "x", "{VISITS}\n" * 4, "{VISITS} may stand 3 times."),
        ("request_cancelled", "x {REASON}", "hi", "{REASON} cannot stand in the subject."),
        ("request_cancelled", "{CLIENT_PORTAL_URL}", "hi", "{CLIENT_PORTAL_URL} cannot stand in the subject."),
        ("request_cancelled", "", "hi", "Write a subject."),
        ("request_cancelled", "x", " \n ", "Write a text."),
        ("request_cancelled", "x" * 201, "hi", "The subject may have 200 characters; it has 201."),
        ("request_cancelled", "x", "y" * (BODY_MOST + 1), "The text may have 20000 characters; it has 20001."),
        ("request_cancelled", "x", "{CLIENT_NAME}" * 301, "The text may have 300 codes."),
        ("request_cancelled", "x", "{CLIENT_NAME}" * 100_000, "The text may have 20000 characters; it has 1300000."),
        ("request_cancelled", "x", "[a](ftp://b)", "“ftp://b” is no address to lead to. Write https://… or the code of a link."),
        ("request_cancelled", "x", "[a]({CLIENT_NAME})", "{CLIENT_NAME} is no link: words cannot lead there."),
        ("request_received", "x", "{ADDED}", "{ADDED} shows nothing by itself. Write {IF ADDED} … {END}."),
        ("set_password", "x", "Hello", "This mail is of no use without {PASSWORD_URL}. Put it where it stands in every case."),
        ("set_password", "x", "{IF INVITED}{PASSWORD_URL}{END}", "This mail is of no use without {PASSWORD_URL}. Put it where it stands in every case."),
        ("set_password", "{PASSWORD_URL}", "{PASSWORD_URL}", "{PASSWORD_URL} cannot stand in the subject."),
    ],
)  # fmt: skip
def test_what_cannot_be_saved_and_what_would_be_right(kind, subject, body, told):
    assert told in [p.say() for p in problems(MailKind(kind), subject, body)]


def test_hostile_sizes_take_no_time_and_do_not_get_out():
    begun = time.process_time()
    for body in ("**" * 10_000, "[" * 20_000, "[a](" * 5_000, "[[a|" * 5_000, "{IF A}" * 3_000, "{" * 20_000, "- \n" * 6_000, "[[" + "a" * 19_000, "**a " * 5_000, "\n" * 20_000, "[a](b" * 4_000):  # fmt: skip
        problems(MailKind.REQUEST_CANCELLED, "x", body)
        own_words.try_out(MailKind.REQUEST_CANCELLED, mail_texts.Words("x", body))
    assert time.process_time() - begun < 40
    many = tuple(VisitFacts("Walk " * 50, "2026-11-26") for _ in range(800))
    with pytest.raises(own_words.BrokenWords, match="too long"):
        shown(MailKind.REQUEST_CANCELLED, "x", "{VISITS}\n{VISITS}\n{VISITS}", lines=many)
    with pytest.raises(own_words.BrokenWords, match="too long"):
        own_words.render_words(preview_mail(MailKind.REQUEST_CANCELLED), mail_texts.Words("x", "y" * 99_999), shows_secrets=False)  # fmt: skip
    with pytest.raises(UnknownCode):
        own_words.preview(MailKind.REQUEST_CANCELLED, "x", "{NOT_A_CODE}")
    with pytest.raises(own_words.BrokenWords, match="nothing is left"):
        own_words.preview(MailKind.REQUEST_RECEIVED, "x", "{IF ADDED}only then{END}")


_PIECES = st.sampled_from(
    [
        "{CLIENT_NAME}", "{VISITS}", "{REASON}", "{IF REASON}", "{IF NOT REASON}", "{END}", "{PASSWORD_URL}", "{LINK_LIFETIME}", "{IF INVITED}",
        "**", "[", "](", ")", "[[", "|", "]]", "\n", "- ", "{", "}", "{{ config }}", "{% x %}", "<b>", '"', "\ue000", "0\ue001", "https://a.example/", "javascript:",
    ]
)  # fmt: skip


@given(body=st.lists(st.one_of(_PIECES, st.text(max_size=8)), max_size=40).map("".join), data=st.sampled_from([MailKind.SET_PASSWORD, MailKind.REQUEST_CANCELLED]))  # fmt: skip
@example("[[a|{PASSWORD_URL}]]\n\n{PASSWORD_URL}", MailKind.SET_PASSWORD)
@example("\ue000", MailKind.REQUEST_CANCELLED)
@hypothesis_settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_words_raise_but_cleanly_leak_or_grow(app, body, data):
    saved_as = problems(data, *tidy_words("Subject", body))
    try:
        made = own_words.preview(data, "Subject", body)
    except (own_words.BrokenWords, UnknownCode):
        # What may be saved can be shown, but for what leaves nothing over for the example.
        assert saved_as or "{IF" in body.upper()
        return
    page = Page(made.html)
    assert not SIGNED.search(made.text + made.html)
    assert app.config["SECRET_KEY"] not in made.text + made.html
    assert len(made.html) < own_words.MOST_OUT * 2
    assert not {"script", "img", "iframe", "form", "b"} & set(page.tags)
    assert [x for x in page.links if not x.startswith(("https://", "http://", "mailto:", "tel:"))] == []
    assert not [n for n, _v in page.attributes if n.startswith("on")]
