"""V1 on a visit's page in the office: when and where the sitter was, putting the times right, the client's home."""

import datetime as dt

import pytest

from foundation import clock
from foundation.db import db
from models import Activity, JobState, PlaceSource, StaffRole, VisitCheck
from tests import factories as make
from workflows import visits
from workflows.errors import Invalid
from workflows.homes import read_home
from workflows.permissions import Permission
from workflows.visit_checks import Place

TODAY = dt.date(2026, 11, 23)


@pytest.fixture
def job(cast, clock_at):
    """Alice's walk at noon; Sam came at 12:03, and it is two o'clock."""
    made = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, pets=[cast.biscuit])
    clock_at("2026-11-23 12:03")
    visits.check_in(
        made, actor=cast.as_sam, place=Place(PlaceSource.GIVEN, 42.37, -72.52, 8), at=clock.now() + dt.timedelta(hours=3)
    )  # fmt: skip
    db.session.commit()
    clock_at("2026-11-23 14:00")
    return made


def plain(page):
    return page.main.replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.covers("V1")
def test_the_office_sees_where_the_sitter_was_and_puts_the_times_right(office, cast, job):
    url = f"/admin/visit/{job.id}/"
    page = office.get(url)
    for words in ("Check-in, Mon, Nov 23, 12:03 PM", "Sam Stone, place known (exact to 8 m)", "The phone's clock said"):
        assert words in plain(page)
    assert page.has_link("https://www.openstreetmap.org/?mlat=42.370000&mlon=-72.520000#map=17/42.370000/-72.520000")
    form = page.follow("Adjust times")
    assert "Say why" in form.press("Save times", out_at="12:40", reason="").main
    after = form.press("Save times", out_at="12:40", reason="Sam's phone was flat")
    assert "Times saved, marked as adjusted." in after.text
    for words in ("Check-out, Mon, Nov 23, 12:40 PM", "Adjusted", "Olivia Owens", "Sam's phone was flat"):
        assert words in plain(after)
    again = form.press("Save times", out_at="12:50", reason="Once more")
    assert "12:50" not in again.main
    done = after.press("Complete visit")
    assert "Visit completed." in done.text
    db.session.expire_all()
    assert (job.state, [c.place for c in job.checks]) == (JobState.COMPLETED, [PlaceSource.GIVEN, PlaceSource.ADJUSTED])
    assert db.session.query(Activity).filter_by(verb="job.times_adjusted").count() == 1


@pytest.mark.covers("V1")
def test_a_time_of_the_hour_that_comes_twice_stays_as_long_as_nobody_types_another(cast, clock_at, request):
    clock_at("2026-11-01 08:00")
    office = request.getfixturevalue("office")  # signed in that morning
    night = dt.date(2026, 11, 1)
    made = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=night, start_time=dt.time(1, 30))
    came = dt.datetime(2026, 11, 1, 6, 31, 20, tzinfo=dt.UTC)  # 1:31 for the second time
    made.checked_in_at, made.state = came, JobState.IN_PROGRESS
    db.session.commit()
    form = office.get(f"/admin/visit/{made.id}/times")
    assert 'value="01:31' in form.html
    assert "Times saved" in form.press("Save times", out_on="2026-11-01", out_at="02:05", reason="Flat").text
    db.session.expire_all()
    assert (made.checked_in_at, made.checked_out_at) == (came, dt.datetime(2026, 11, 1, 7, 5, tzinfo=dt.UTC))


@pytest.mark.covers("V1")
def test_the_office_takes_a_check_in_on_the_wrong_visit_back(office, cast, job):
    form = office.get(f"/admin/visit/{job.id}/").follow("Adjust times")
    assert "Say why" in form.press("Take the check-in back", reason="").main
    after = form.press("Take the check-in back", reason="He was next door")
    assert "The check-in was taken back." in after.text
    db.session.expire_all()
    assert (job.state, job.checked_in_at, len(job.checks)) == (JobState.SCHEDULED, None, 1)
    assert "Take the check-in back" not in after.follow("Adjust times").main


def test_the_place_of_a_check_becomes_the_clients_home(office, cast, job):
    page = office.get(f"/admin/visit/{job.id}/").press("Use this place as the client's home")
    assert "Saved as the home of Alice Archer" in page.text
    db.session.expire_all()
    assert (cast.alice.latitude, cast.alice.longitude) == (42.37, -72.52)
    form = office.get(f"/admin/clients/edit/?id={cast.alice.id}")
    assert 'value="42.37, -72.52"' in form.html
    form.press("Save", latitude="https://www.google.com/maps/place/X/@42.5,-72.75,17z", key_not_needed="y")
    db.session.expire_all()
    assert (cast.alice.latitude, cast.alice.longitude, cast.alice.key_not_needed) == (42.5, -72.75, True)
    assert "Enter latitude and longitude" in form.press("Save", latitude="Elm Street").main


def test_only_the_checks_of_this_visit_and_only_who_may(office, manager, cast, job):
    other = make.visit_check(cast.bobs_job, latitude=1.0, longitude=1.0, place=PlaceSource.GIVEN)
    without = make.visit_check(cast.bobs_job, "out")
    db.session.commit()
    page = office.get(f"/admin/visit/{job.id}/")
    assert page.press("Use this place as the client's home", check=other.id).status == 404
    visit = office.get(f"/admin/visit/{cast.bobs_job.id}/")
    assert "is not known" in visit.press("Use this place as the client's home", check=without.id).text
    make.role_permission(StaffRole.MANAGER, Permission.SCHEDULE.value)
    db.session.commit()
    for page_ in ("", "times"):
        manager.get(f"/admin/visit/{job.id}/{page_}", 403)
    assert db.session.query(VisitCheck).count() == 3


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("", None), (" 51.50, -0.12 ", (51.5, -0.12)), ("51.5 -0.12", (51.5, -0.12)), ("-33;151.2", (-33, 151.2)),
        ("https://www.openstreetmap.org/?mlat=51.5&mlon=-0.12#map=17/1/2", (51.5, -0.12)),
        ("https://www.openstreetmap.org/#map=17/51.5074/-0.1278", (51.5074, -0.1278)),
        ("https://www.google.com/maps/place/Big+Ben/@51.5,-0.2,17z/data=!3m1!4b1!3d51.5007!4d-0.1246", (51.5007, -0.1246)),
        ("https://www.google.com/maps/@51.5,-0.2,17z", (51.5, -0.2)), ("https://maps.google.com/?q=51.5,-0.2", (51.5, -0.2)),
        ("https://maps.apple.com/?ll=51.5,-0.2&z=3", (51.5, -0.2)), ("https://maps.google.com/?q=loc:51.5%2C-0.2", (51.5, -0.2)),
    ],
)  # fmt: skip
def test_a_home_is_read_as_people_have_it(typed, place):
    assert read_home(typed) == place


@pytest.mark.parametrize("typed", ["Elm Street", "91, 0", "0, 181", "51", "51.5, x", "1,2,3", "٥١.٥, ٠.١", "1" * 5000, "https://maps.example/?q=Big+Ben"])  # fmt: skip
def test_what_is_no_place_is_refused(typed):
    with pytest.raises(Invalid):
        read_home(typed)
