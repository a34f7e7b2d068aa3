"""Words for codes, and how values look in lists and files."""

import datetime as dt
import enum
from decimal import Decimal

import pytest
import sqlalchemy as sa
from markupsafe import Markup

from admin_site import rows, words
from foundation import clock
from foundation.db import Base
from mailer import kinds
from models import ClientStatus, LimitKind, PayKind, PetStatus, ServiceItem
from workflows import settings
from workflows.mail_facts import MailKind


def test_every_code_that_a_list_can_show_has_a_word(app):
    kinds = {c.type.enum_class for t in Base.metadata.sorted_tables for c in t.columns if isinstance(c.type, sa.Enum)}
    with app.test_request_context():
        for kind in kinds - {k for k in kinds if k.__name__ in {"Realm", "Sign"}}:
            for member in kind:
                assert words.word(member), member
                assert words.chip_of(member)[1]


def test_codes_with_the_same_text_have_words_of_their_own(app):
    with app.test_request_context():
        assert ClientStatus.ACTIVE == PetStatus.ACTIVE
        assert (words.word(ClientStatus.ACTIVE), words.word(PetStatus.ACTIVE), words.word(None)) == (
            "Active",
            "With us",
            "",
        )
        assert words.chip_of(ClientStatus.ARCHIVED) == ("mute", "Archived")
        assert kinds.label("set_password") == "Log-in link"
        assert kinds.label("gone_from_the_code") == "gone_from_the_code"
        assert all(kinds.label(kind.value) for kind in MailKind)


@pytest.mark.parametrize(
    ("value", "shown", "in_a_file"),
    [
        (None, "", ""),
        (True, "Yes", "Yes"),
        (False, "No", "No"),
        (0, "0", "0"),
        ("x", "x", "x"),
        (["a", "b"], "a, b", "a, b"),
        (Decimal("12.50"), "$12.50", "12.50"),
        (dt.date(2026, 11, 26), "Nov 26, 2026", "2026-11-26"),
        (dt.time(7, 30), "7:30\u00a0AM", "07:30"),
        (dt.datetime(2026, 11, 26, 17, 0, tzinfo=clock.UTC), "Thu, Nov 26, 2026, 12:00\u00a0PM", "2026-11-26 12:00"),
        (ClientStatus.PROSPECT, "Prospect", "Prospect"),
    ],
)  # fmt: skip
def test_values_as_pages_and_files_show_them(app, value, shown, in_a_file):
    with app.test_request_context():
        settings.read()
        assert (rows.show(value), rows.plain(value)) == (shown, in_a_file)


def test_pieces_of_cells_escape_what_they_are_given(app):
    with app.test_request_context():
        settings.read()
        assert rows.link("<b>", "/x?a=1&b=2") == Markup('<a href="/x?a=1&amp;b=2">&lt;b&gt;</a>')
        assert rows.link("<b>", None) == "<b>"
        assert rows.two_lines("<a>", "<b>") == Markup('&lt;a&gt;<div class="ui-meta ui-num">&lt;b&gt;</div>')
        assert rows.two_lines("<a>", "") == Markup("&lt;a&gt;")
        assert rows.chip("mute", "<b>") == Markup('<span class="ui-chip ui-chip--mute">&lt;b&gt;</span>')
        assert "#i-circle-check" in rows.chip("ok", "x")
        assert rows.phone(None) == ""


def test_limits_and_pay_in_words(app):
    from admin_site.catalogue import _pay, limit_words

    with app.test_request_context():
        settings.read()
        item = ServiceItem(request_limit_kind=LimitKind.HOURS, request_limit_number=24)
        assert limit_words(item).endswith("(24)")
        assert limit_words(
            ServiceItem(request_limit_kind=LimitKind.TODAY_AFTER, request_limit_time=dt.time(17))
        ).endswith("(5:00\u00a0PM)")
        assert limit_words(ServiceItem(request_limit_kind=LimitKind.NONE)) == "No limit"
        assert limit_words(ServiceItem()) == ""
        assert _pay(ServiceItem(pay_kind=PayKind.AMOUNT, pay_amount=Decimal(12))) == "$12.00"
        assert _pay(ServiceItem(pay_kind=PayKind.PERCENT, pay_percent=Decimal("50.00"))) == "50 %"
        assert issubclass(LimitKind, enum.StrEnum)
