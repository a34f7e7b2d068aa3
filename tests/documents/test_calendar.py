"""The calendar file, read back with another library than the one that wrote it."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import vobject

from documents import calendar
from workflows.calendar_feeds import Entry

ZONE = ZoneInfo("America/New_York")
CHANGED = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)


def entry(uid="abc", **more):
    day = more.pop("on_date", dt.date(2026, 11, 26))
    values = {
        "sequence": 3, "changed_at": CHANGED, "on_date": day, "ends_on": day,
        "starts": dt.datetime(2026, 11, 26, 12, tzinfo=ZONE), "ends": dt.datetime(2026, 11, 26, 12, 30, tzinfo=ZONE),
        "service": "Dog walk", "status": "CONFIRMED", "client": "Alice Archer", "pets": ("Biscuit", "Mochi"), **more,
    }  # fmt: skip
    return Entry(uid=uid, **values)


def read_back(*entries, for_sitter=False):
    data = calendar.write(entries, name="Maple Lane", for_sitter=for_sitter)
    # It keeps the zones of the last file under their names, and would not look at this one's rules.
    known = vars(vobject.icalendar)["__tzidMap"]
    for name in [n for n in known if "/" in n]:
        del known[name]
    return vobject.readOne(data.decode())


@pytest.mark.covers("P7")
@pytest.mark.usefixtures("app")
def test_another_library_reads_what_we_wrote():
    found = read_back(entry(note="Back door; sticks, a bit\nüñ 🐶", sitter="Sam"))
    visit = found.vevent
    assert found.x_wr_calname.value == "Maple Lane"
    assert (visit.uid.value, visit.sequence.value, visit.status.value) == ("abc@latchkey", "3", "CONFIRMED")
    assert visit.summary.value == "Dog walk: Biscuit, Mochi"
    assert visit.description.value == "For Biscuit, Mochi\nWith Sam\nBack door; sticks, a bit\nüñ 🐶"
    assert visit.dtstart.value.astimezone(dt.UTC) == dt.datetime(2026, 11, 26, 17, tzinfo=dt.UTC)
    assert visit.dtend.value.astimezone(dt.UTC) == dt.datetime(2026, 11, 26, 17, 30, tzinfo=dt.UTC)
    assert visit.dtstamp.value == CHANGED


@pytest.mark.covers("P7")
@pytest.mark.usefixtures("app")
def test_requests_are_tentative_and_cancelled_visits_say_so():
    found = read_back(entry(status="TENTATIVE"), entry("def", status="CANCELLED"))
    asked, gone = found.vevent_list
    assert (asked.status.value, asked.summary.value) == ("TENTATIVE", "REQ: Dog walk: Biscuit, Mochi")
    assert "Requested, not booked yet." in asked.description.value
    assert (gone.status.value, gone.summary.value) == ("CANCELLED", "Cancelled: Dog walk: Biscuit, Mochi")


@pytest.mark.usefixtures("app")
def test_the_time_zone_s_rules_are_in_the_file_and_right_in_both_halves_of_the_year():
    summer = dt.datetime(2026, 7, 1, 7, tzinfo=ZONE)
    found = read_back(
        entry(starts=summer, ends=summer + dt.timedelta(hours=1), on_date=summer.date()),
        entry("winter", starts=dt.datetime(2026, 12, 1, 7, tzinfo=ZONE), ends=dt.datetime(2026, 12, 1, 8, tzinfo=ZONE)),
    )
    assert [v.dtstart.value.astimezone(dt.UTC).hour for v in found.vevent_list] == [11, 12]


@pytest.mark.usefixtures("app")
def test_the_rules_name_each_change_of_the_clocks_by_the_hour_before_it():
    """RFC 5545, 3.6.5: an observance begins at a local time in terms of the offset before it."""
    start = dt.datetime(2026, 10, 31, 7, tzinfo=ZONE)
    later = dt.datetime(2027, 3, 20, 7, tzinfo=ZONE)
    data = calendar.write(
        [entry(starts=start, ends=start, on_date=start.date()), entry("b", starts=later, ends=later)],
        name="A", for_sitter=False,
    ).decode()  # fmt: skip
    zone = data.split("BEGIN:VTIMEZONE")[1].split("END:VTIMEZONE")[0].replace("\r\n", " ")
    assert "TZID:America/New_York" in zone
    assert "BEGIN:STANDARD DTSTART:20261101T020000 TZOFFSETFROM:-0400 TZOFFSETTO:-0500 TZNAME:EST" in zone or (
        "DTSTART:20261101T020000 TZNAME:EST TZOFFSETFROM:-0400 TZOFFSETTO:-0500" in zone
    )
    assert "20270314T020000" in zone
    assert zone.count("BEGIN:") == 3


@pytest.mark.usefixtures("app")
def test_days_without_a_time_are_whole_days_and_the_end_is_the_day_after():
    visit = read_back(entry(starts=None, ends=None, ends_on=dt.date(2026, 11, 28))).vevent
    assert (visit.dtstart.value, visit.dtend.value) == (dt.date(2026, 11, 26), dt.date(2026, 11, 29))


@pytest.mark.usefixtures("app")
def test_a_sitter_reads_client_and_address_and_is_busy():
    visit = read_back(entry(address="12 Maple Lane, Springfield"), for_sitter=True).vevent
    assert (visit.summary.value, visit.location.value, visit.transp.value) == (
        "Dog walk: Alice Archer", "12 Maple Lane, Springfield", "OPAQUE",
    )  # fmt: skip


@pytest.mark.usefixtures("app")
def test_an_empty_calendar_is_one_and_lines_are_short_and_bytes_stable():
    assert read_back().prodid.value == "-//Latchkey//Visits//EN"
    long = entry(note="x" * 500)
    data = calendar.write([long], name="A", for_sitter=False)
    assert data == calendar.write([long], name="A", for_sitter=False)
    assert max(len(line) for line in data.split(b"\r\n")) <= 75
