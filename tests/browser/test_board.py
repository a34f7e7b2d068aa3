"""The schedule board in a real browser: by mouse and by keyboard; the list, the Move page and many visits on a phone."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from foundation import clock
from foundation.db import db, mark_request
from models import Job, JobState, MailState, OutboxMail
from tests import factories as make

pytestmark = [pytest.mark.browser, pytest.mark.covers("V3")]


@pytest.fixture
def busy(live):
    """Tomorrow: Alice's walk at ten by Sam, Leo's at ten by Sita, one at one that nobody does."""
    mark_request(reads_only=False)
    cast, day = live.cast, clock.today() + dt.timedelta(days=1)
    leo = make.client("Leo", "Feld")
    juno = make.pet(leo, "Juno")
    live.day = day
    live.walk = make.job(
        cast.alice, cast.walk, sitter=cast.sam, on_date=day, start_time=dt.time(10), pets=[cast.biscuit]
    )
    make.job(leo, cast.walk, sitter=cast.sita, on_date=day, start_time=dt.time(10), pets=[juno])
    make.job(leo, cast.walk, on_date=day, start_time=dt.time(13), pets=[juno])
    make.job(leo, cast.cat_visit, sitter=cast.sita, block=cast.evening, on_date=day, start_time=None, pets=[juno])
    make.job(leo, cast.walk, sitter=cast.sam, on_date=day, start_time=dt.time(7), pets=[juno], state=JobState.COMPLETED)
    db.session.commit()
    live.walk_id = live.walk.id
    mark_request(reads_only=True)
    return live


def walk_of(live):
    live.look_again()
    return db.session.get(Job, live.walk_id)


def drag(page, what, *, to_row=None, by_x=0):
    """Take a visit with the mouse and let it go in another row, or to the right."""
    visit = page.locator(".ec-event", has_text=what).first
    visit.scroll_into_view_if_needed()
    box = visit.bounding_box()
    x, y = box["x"] + 12, box["y"] + box["height"] / 2
    target_y = y
    if to_row:
        row = page.locator(".ec-sidebar", has_text=to_row).get_by_text(to_row, exact=True).bounding_box()
        target_y = row["y"] + row["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by_x / 2, (y + target_y) / 2, steps=5)
    page.mouse.move(x + by_x, target_y, steps=8)
    page.mouse.up()


def test_by_mouse_a_visit_is_moved_and_put_back(busy, visitor):
    olivia = visitor("desk").log_in("office", busy.cast.olivia.login.email)
    page = olivia.go(f"/admin/board/?on={busy.day}")
    page.locator(".ec-event", has_text="Alice Archer").wait_for()
    olivia.look()

    # To another time: saved at once, and undone.
    drag(page, "Alice Archer", by_x=148)
    expect(page.locator(".ui-toast")).to_contain_text("Alice Archer moved")
    assert walk_of(busy).start_time == dt.time(11)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".ui-toast")).to_contain_text("Undone.")
    assert walk_of(busy).start_time == dt.time(10)
    assert set(db.session.scalars(sa.select(OutboxMail.state))) == {MailState.CANCELLED}

    # To Sita, who has a visit then: asked first; put back, then moved all the same.
    drag(page, "Alice Archer", to_row="Sita Singh")
    asked = page.get_by_role("dialog", name="Move it anyway?")
    expect(asked).to_contain_text("Sita Singh has another visit then: Dog walk, Leo Feld")
    olivia.look()
    asked.get_by_role("button", name="Put it back").click()
    assert walk_of(busy).sitter == busy.cast.sam
    drag(page, "Alice Archer", to_row="Sita Singh")
    asked.get_by_role("button", name="Move anyway").click()
    expect(page.locator(".ui-toast").last).to_contain_text("Sita Singh")
    assert walk_of(busy).sitter_id == busy.cast.sita.id
    assert olivia.complaints == []


def test_a_visit_that_somebody_else_moved_goes_where_it_is(busy, visitor):
    olivia, max_ = (visitor("desk").log_in("office", s.login.email) for s in (busy.cast.olivia, busy.cast.max))
    for person in (olivia, max_):
        person.go(f"/admin/board/?on={busy.day}").locator(".ec-event", has_text="Alice Archer").wait_for()
    drag(max_.page, "Alice Archer", by_x=148)
    expect(max_.page.locator(".ui-toast")).to_contain_text("Alice Archer moved")
    drag(olivia.page, "Alice Archer", by_x=296)
    expect(olivia.page.locator(".ui-toast")).to_contain_text("Someone changed this visit meanwhile.")
    expect(olivia.page.locator(".ec-event", has_text="Alice Archer")).to_contain_text("11:00")
    assert walk_of(busy).start_time == dt.time(11)


def test_by_keyboard_a_visit_is_moved_in_the_dialog(busy, visitor):
    olivia = visitor("desk", scheme="dark").log_in("office", busy.cast.olivia.login.email)
    page = olivia.go(f"/admin/board/?on={busy.day}")
    page.locator(".ec-event", has_text="Alice Archer").wait_for()
    page.locator(".ec-event-body", has_text="Alice Archer").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Time", exact=True)).to_have_value(re.compile("^10:00"))
    expect(dialog.locator("[data-label]")).to_have_text(re.compile(
        "^10:00.AM to 10:30.AM, Alice Archer \\(Biscuit\\), Dog walk, Sam Stone, Scheduled$"
    ))  # fmt: skip
    expect(dialog.get_by_role("link", name="Open visit")).to_have_attribute("href", f"/admin/visit/{busy.walk_id}/")
    olivia.look()
    dialog.get_by_label("Time", exact=True).fill("15:30")
    dialog.get_by_role("button", name="Move visit").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/admin/board/"))
    expect(page.locator(".ui-toast")).to_contain_text("Alice Archer moved")
    assert walk_of(busy).start_time == dt.time(15, 30)
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Undone. Alice Archer is back")).to_be_visible()
    assert walk_of(busy).start_time == dt.time(10)


def test_the_week_of_the_board_moves_days_and_keeps_times(busy, visitor):
    olivia = visitor("desk").log_in("office", busy.cast.olivia.login.email)
    page = olivia.go(f"/admin/board/?view=week&on={busy.day}")
    page.locator(".ec-event", has_text="Alice Archer").wait_for()
    olivia.look()
    last_of_week = busy.day.weekday() == 5  # Saturday: the week ends here
    drag(page, "Alice Archer", by_x=-122 if last_of_week else 122)
    expect(page.locator(".ui-toast")).to_contain_text("Alice Archer moved")
    moved = walk_of(busy)
    assert (moved.on_date - busy.day, moved.start_time) == (dt.timedelta(days=-1 if last_of_week else 1), dt.time(10))


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_every_page_of_it_is_in_order(busy, visitor, size):
    olivia = visitor(size).log_in("office", busy.cast.olivia.login.email)
    for path in (
        f"/admin/board/?on={busy.day}", f"/admin/schedule/?view=day&on={busy.day}", f"/admin/schedule/?view=day&on={busy.day}&pick=1",
        f"/admin/schedule/?on={busy.day}&pick=1", f"/admin/schedule/?view=month&on={busy.day}", f"/admin/moves/{busy.walk_id}/",
        f"/admin/schedule/print?on={busy.day}", "/admin/orders/",
    ):  # fmt: skip
        olivia.go(path)
        olivia.look_in_every_way(sizes=())


def test_on_a_phone_a_visit_is_moved_and_a_day_is_called_off(busy, visitor):
    olivia = visitor("phone").log_in("office", busy.cast.olivia.login.email)
    page = olivia.go(f"/admin/schedule/?view=day&on={busy.day}")
    page.get_by_role("link", name=re.compile("^Move Alice Archer")).click()
    page.get_by_label("Time", exact=True).fill("11:15")
    page.get_by_role("button", name="Move visit").click()
    expect(page.locator(".ui-toast")).to_contain_text("Alice Archer moved")
    assert walk_of(busy).start_time == dt.time(11, 15)

    page = olivia.go(f"/admin/schedule/?view=day&on={busy.day}")
    page.get_by_role("link", name="Select visits").click()
    page.get_by_role("checkbox", name=re.compile("^Select Alice Archer")).check()
    page.get_by_role("checkbox", name=re.compile("^Select Leo Feld, 10:00")).check()
    olivia.look()
    page.get_by_role("button", name="Cancel visits").click()
    expect(page.get_by_role("heading", name="Cancel 2 visits")).to_be_visible()
    olivia.look()
    page.get_by_label("Reason", exact=False).first.fill("Snow")
    page.get_by_label("Why no fee is taken").fill("Snow day")
    page.get_by_role("button", name="Cancel 2 visits").click()
    expect(page.get_by_text("2 visits done.")).to_be_visible()
    olivia.look()
    assert walk_of(busy).state is JobState.CANCELLED


def test_without_javascript_the_list_does_all_of_it(busy, visitor):
    olivia = visitor("phone", javascript=False).log_in("office", busy.cast.olivia.login.email)
    page = olivia.go(f"/admin/board/?on={busy.day}")
    expect(page.get_by_text("The board needs JavaScript.")).to_be_visible()
    page.get_by_role("link", name="As a list").click()
    page.get_by_role("link", name=re.compile("^Move Alice Archer")).click()
    page.get_by_label("Sitter", exact=True).select_option(label="Sita Singh")
    page.get_by_role("button", name="Move visit").click()
    expect(page.get_by_text("Sita Singh has another visit then")).to_be_visible()
    page.get_by_role("button", name="Move anyway").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone. Alice Archer is back")).to_be_visible()
    assert walk_of(busy).sitter == busy.cast.sam
