"""Opening hours and closed stretches of some services, as a client meets them: the picker disables, the server refuses."""

import datetime as dt

import pytest

from tests import factories as make
from tests.portal.test_request_page import ADD, DAY, FRIDAY, day_label, fill, lines_of
from workflows import policy

pytestmark = pytest.mark.covers("B9")


@pytest.fixture
def alice(walk, cast):
    return walk(cast.alice)


@pytest.fixture
def thursdays(cast):
    """Every service from 08:00 to 12:00 on Thursdays only; the evening block's cat visits are not concerned."""
    policy.save_week({3: [(dt.time(8), dt.time(12))]}, actor=cast.as_olivia)


def test_days_without_hours_are_disabled_once_the_service_is_chosen(alice, cast, thursdays):
    page = alice.press(alice.get(ADD), ADD, go="2026-11", **fill(cast, days=[]))
    assert page.form(ADD).choices["dates"] == ["2026-11-26"]
    assert "Dog walk is not offered on this day." in day_label(page, FRIDAY)


def test_time_out_of_hours_is_refused_with_the_hours_and_one_within_is_taken(alice, cast, thursdays):
    key = f"time-{cast.walk.public_id}"
    late = alice.press(alice.get(ADD), ADD, **fill(cast, **{key: "12:01"}))
    assert late.status == 422
    assert "Choose a time within the opening hours of this day: 08:00-12:00." in late.text
    assert lines_of(cast.alice) == []
    alice.press(late, ADD, **fill(cast, **{key: "12:00"}))
    assert [x.start_time for x in lines_of(cast.alice)] == [dt.time(12)]


def test_day_on_which_no_block_is_open_is_disabled_and_a_closed_block_refused(alice, cast):
    policy.save_week({3: [(dt.time(12), dt.time(20))]}, actor=cast.as_olivia, item=cast.cat_visit)
    page = alice.press(alice.get(ADD), ADD, go="2026-11", **fill(cast, cast.cat_visit, days=[], pets=[cast.mochi]))
    assert page.form(ADD).choices["dates"] == ["2026-11-26"]
    key = f"blocks-{cast.cat_visit.public_id}"
    morning = alice.press(page, ADD, **fill(cast, cast.cat_visit, pets=[cast.mochi], **{key: [cast.morning.id]}))
    assert "Choose a time within the opening hours of this day: 12:00-20:00." in morning.text
    alice.press(morning, ADD, **fill(cast, cast.cat_visit, pets=[cast.mochi], **{key: [cast.evening.id]}))
    assert [x.time_block for x in lines_of(cast.alice)] == [cast.evening]


def test_stretch_that_is_closed_for_a_group_disables_its_services_only(alice, cast):
    make.closed_day(DAY, reason="icy paths", service_group=cast.dog_walks)
    walks = alice.press(alice.get(ADD), ADD, go="2026-11", **fill(cast, days=[]))
    assert "Closed on this day: icy paths." in day_label(walks, DAY)
    cats = alice.press(walks, ADD, go="2026-11", **fill(cast, cast.cat_visit, days=[]))
    assert DAY.isoformat() in cats.form(ADD).choices["dates"]
    refused = alice.press(cats, ADD, **fill(cast))
    assert (refused.status, lines_of(cast.alice)) == (422, [])
    assert "Closed on this day: icy paths." in refused.text


def test_basket_line_that_falls_out_of_the_hours_stands_apart(alice, cast):
    alice.press(alice.get(ADD), ADD, **fill(cast, **{f"time-{cast.walk.public_id}": "15:00"}))
    policy.save_week({3: [(dt.time(8), dt.time(12))]}, actor=cast.as_olivia)
    page = alice.get(ADD)
    assert (
        "Choose a time within the opening hours of this day: 08:00-12:00."
        in page.text.split("Can no longer be requested")[1]
    )
    sent = alice.press(page, "/portal/request/submission") if "/portal/request/submission" in page.html else page
    assert [x.state.value for x in lines_of(cast.alice)] == ["draft"], sent.text
