"""Changing this and all following visits of a series in the portal: X11 and X4, through the pages."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import ChangeItem, ChangeState, Job, JobState, TimeType
from tests import factories as make
from workflows import change_deciding, repeats, settings
from workflows.actors import COMMAND_LINE
from workflows.repeat_patterns import Pattern, PatternTime

pytestmark = pytest.mark.covers("X4", "X11")

WED, MON = dt.date(2026, 11, 25), dt.date(2026, 11, 30)
NOON, SIX = dt.time(12), dt.time(18)
OFFER = "Change this and all following"


@pytest.fixture
def series(cast):
    """Biscuit is walked at noon on Monday and Wednesday, and on Fridays at six; made two weeks ahead."""
    settings.change({"schedule.repeat_days": 14, "portal.show_prices": True}, actor=COMMAND_LINE)
    times = [PatternTime(0, NOON), PatternTime(2, NOON), PatternTime(4, SIX)]
    pattern = Pattern(item=cast.walk, times=times, starts_on=WED, sitter=cast.sam, pets=[cast.biscuit])
    made = repeats.start(cast.alice, pattern, actor=cast.as_max).repeat
    db.session.commit()
    return made


def visit_on(day):
    return db.session.scalars(sa.select(Job).where(Job.on_date == day, Job.repeat_id.is_not(None))).one()


def address(visit, what=""):
    return f"/portal/visits/{visit.public_id}{what}"


def items():
    db.session.expire_all()
    return list(db.session.scalars(sa.select(ChangeItem).order_by(ChangeItem.id)))


def test_a_client_sees_each_visit_before_and_after_asks_and_the_office_says_yes(cast, walk, series):
    me, monday = walk(cast.alice), visit_on(MON)
    assert OFFER in me.get(address(monday)).text
    form = me.get(address(monday, "/following"))
    assert "Your visits at other times keep their times: Fri 6:00" in form.text.replace("\u202f", " ")
    key = cast.walk.public_id
    wanted = {"days": ["0", "3"], f"time-{key}": "14:00", "pets": [cast.biscuit.public_id, cast.mochi.public_id]}
    shown = me.press(form, "/following", go="preview", **wanted)
    text = shown.text.replace("\u202f", " ")
    for words in (
        "Mon, Nov 30, 12:00 PM → 2:00 PM", "Thu, Dec 3, moved from Wed, Dec 2, 12:00 PM → 2:00 PM", "Fri, Dec 4",
        "Planned visits now, together", "$80.00", "Together after the change", "$100.00",
    ):  # fmt: skip
        assert words in text, words
    assert items() == [], "only looked at"
    sent = me.press(shown, "/following", body="New school")
    assert "being reviewed" in sent.text
    (item,) = items()
    assert (item.state, item.first_on, item.price_before, item.price_after) == (ChangeState.PENDING, MON, 80, 100)
    assert "You asked to change it from Mon, Nov 30 on" in me.get("/portal/schedule").text
    page = me.get(address(monday))
    assert ("You asked to change it from" in page.text, OFFER in page.text) == (True, False)
    change_deciding.approve([item], actor=cast.as_max)
    db.session.commit()
    jobs = db.session.scalars(sa.select(Job).where(Job.state == JobState.SCHEDULED, Job.on_date >= MON, Job.repeat_id.is_not(None)).order_by(Job.on_date))  # fmt: skip
    assert [(j.on_date.day, j.start_time.hour, j.price) for j in jobs] == [
        (30, 14, 25),
        (3, 14, 25),
        (4, 18, 25),
        (7, 14, 25),
    ]


def test_the_figures_follow_the_form_and_a_form_with_other_figures_is_shown_again(cast, walk, series):
    me, monday = walk(cast.alice), visit_on(MON)
    form = me.get(address(monday, "/following"))
    parts = {"HX-Request": "true", "HX-Target": "figures"}
    part = me.press(
        form, "/following", headers=parts, go="preview", pets=[cast.biscuit.public_id, cast.mochi.public_id]
    )
    assert ("<html" in part.html, "$100.00" in part.text) == (False, True)
    stale = me.press(form, "/following", pets=[cast.biscuit.public_id, cast.mochi.public_id])
    assert (stale.status, items()) == (409, [])
    assert "The amounts follow your changes" in stale.text
    assert "being reviewed" in me.press(stale, "/following").text


def test_what_is_wrong_comes_back_with_the_form_filled(cast, walk, series):
    me, monday = walk(cast.alice), visit_on(MON)
    block = make.time_block("Dawn")
    blocks = make.service_item("Cat visit", time_type=TimeType.TIME_BLOCK, time_blocks=[block], visible_in_portal=True)
    db.session.commit()
    form = me.get(address(monday, "/following"))
    assert "Choose at least one day of the week." in me.press(form, "/following", days=[]).text
    assert "Nothing is different yet" in me.press(form, "/following").text
    other = me.press(form, "/following", service=blocks.public_id, **{f"blocks-{blocks.public_id}": [str(block.id)]})
    assert "Your visits at other times cannot be of this service" in other.text
    assert other.status == 422
    assert items() == []


def test_it_is_offered_only_where_it_can_be_asked_and_others_visits_are_404(cast, walk, series, change_settings):
    me, monday = walk(cast.alice), visit_on(MON)
    single = make.job(cast.alice, cast.walk, on_date=MON, start_time=SIX, pets=[cast.biscuit])
    db.session.commit()
    assert OFFER not in me.get(address(single)).text
    assert me.browser.get(address(single, "/following")).status_code == 404
    assert walk(cast.bob).browser.get(address(monday, "/following")).status_code == 404
    for switch in ("changes.changes", "changes.series"):
        change_settings({switch: False})
        assert OFFER not in me.get(address(monday)).text
        assert me.browser.get(address(monday, "/following")).status_code == 404
        assert me.post(address(monday, "/following")).status_code == 404
        change_settings({switch: True})
