"""What clients asked about their scheduled visits in the last days: what waits in the inbox, and what was decided."""

import datetime as dt
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from application.demo.crowd_story import CrowdStory
from application.demo.past import at
from application.demo.story import Part, Story, as_client, insist
from foundation import clock
from foundation.db import db
from models import CancellationReason, ChangeRequest, Client, Job, JobState, Repeat
from workflows import change_asking, change_deciding, change_requests, repeats
from workflows.change_preview import Wish

DAY = dt.timedelta(days=1)


# -------------------------------------------------------------------------------------------------- Hannah and Leo


def hannahs_later_walk(story: Story, hours: float) -> None:
    """One of her walks two hours later: it waits."""
    for job in _free([*_is_ahead(story, 3), Job.start_time.is_not(None)], story.known.hannah)[:1]:
        _ask_to_move(story, job, hours, later=2, body="My train comes in later that day. Is that possible?")


def leos_pause(story: Story, hours: float) -> None:
    """His repeating walks shall pause over the new year: it waits."""
    leo = story.known.leo
    series = db.session.scalar(sa.select(Repeat).where(Repeat.client_id == leo.id))
    if series is not None:
        first = story.monday + 21 * DAY
        with at(story.ago(hours)):
            change_asking.ask_to_pause(
                leo, series, first, first + 12 * DAY, actor=as_client(leo), body="Rufus comes along to my sister's."
            )


OF_KNOWN: tuple[Part, ...] = ((9, hannahs_later_walk), (28, leos_pause))


# ------------------------------------------------------------------------------------------------------- the crowd


class ChangeStory:
    """The parts that the crowd plays; whom the crowd's story has cast already is left alone."""

    def __init__(self, crowd: CrowdStory) -> None:
        self.crowd = crowd

    def parts(self) -> tuple[Part, ...]:
        """All parts with the hours since they began."""
        return (
            (172, self.moved), (146, self.let_off), (99, self.denied), (73, self.taken_back), (31, self.several),
            (26, self.another_day), (0.4, self.last_minute), (7, self.more_pets), (3, self.one_visit), (88, self.paused),
        )  # fmt: skip

    def _cast(self, story: Story, code: str, *, from_day: int, n: int = 1, soon: bool = False) -> list[Job]:
        """The next visits of this service (as far as it takes) of somebody who has that many; none when nobody has."""
        wanted = [*_is_ahead(story, from_day), Job.service_item_id == story.house.items[code].id]
        if soon:
            wanted += [Job.on_date == story.today + DAY, Job.start_time < clock.to_local(story.now).time()]
        counted = sa.select(Job.client_id).where(*wanted).group_by(Job.client_id).having(sa.func.count() >= n)
        able = set(db.session.scalars(counted))
        client = self.crowd.look_for(lambda h: h.id in able)
        return _free(wanted, client)[:n] if client is not None else []

    # ----------------------------------------------------------------------------------------------------- waiting

    def several(self, story: Story, hours: float) -> None:
        """A trip that does not take place: several visits in one request."""
        visits = self._cast(story, "Cat20", from_day=3, n=4)
        _ask_to_cancel(story, visits, hours, "Our trip is postponed", "The airline is on strike. We stay at home.")

    def last_minute(self, story: Story, hours: float) -> None:
        """Tomorrow's visit, less than a day before: half the price is due."""
        visits = self._cast(story, "Walk30", from_day=1, soon=True)
        _ask_to_cancel(story, visits, hours, "A pet is unwell", "She limps and must rest.")

    def one_visit(self, story: Story, hours: float) -> None:
        """In good time, free of charge."""
        _ask_to_cancel(story, self._cast(story, "Walk60", from_day=5), hours, "We are at home", "")

    def another_day(self, story: Story, hours: float) -> None:
        """The visit on another day."""
        for job in self._cast(story, "Walk30", from_day=4):
            _ask_to_move(story, job, hours, days=1, body="We come back a day later than planned.")

    def more_pets(self, story: Story, hours: float) -> None:
        """An hour earlier, with a word."""
        for job in self._cast(story, "Walk30", from_day=3):
            _ask_to_move(story, job, hours, later=-1, body="A little earlier would be lovely, if Max can make it work.")

    # ----------------------------------------------------------------------------------------------------- decided

    def moved(self, story: Story, hours: float) -> None:
        """A change that the office could make."""
        for job in self._cast(story, "Walk30", from_day=6):
            _decide(story, _ask_to_move(story, job, hours, later=1, body="An hour later, please."), hours - 3)

    def let_off(self, story: Story, hours: float) -> None:
        """A cancellation, approved."""
        request = _ask_to_cancel(story, self._cast(story, "Cat40", from_day=7), hours, "Our plans changed", "")
        _decide(story, request, hours - 2)

    def denied(self, story: Story, hours: float) -> None:
        """A change that could not be made, with a word why."""
        for job in self._cast(story, "Walk30", from_day=6):
            request = _ask_to_move(story, job, hours, later=3, body="Could you come in the late afternoon?")
            _decide(story, request, hours - 5, no="We are full that afternoon. Shall we look at the day after?")

    def taken_back(self, story: Story, hours: float) -> None:
        """The client thought better of it."""
        request = _ask_to_cancel(story, self._cast(story, "Walk30", from_day=6), hours, "We are at home", "")
        if request is not None:
            with at(story.ago(hours - 1)):
                change_requests.withdraw_request(request, actor=as_client(request.client))

    def paused(self, story: Story, hours: float) -> None:
        """The office has put a repeating service on hold for two weeks, by phone."""
        series = db.session.scalar(sa.select(Repeat).where(Repeat.is_active).order_by(Repeat.id.desc()).limit(1))
        if series is not None and series.client_id != story.known.leo.id:
            with at(story.ago(hours)):
                first = story.monday + 14 * DAY
                repeats.pause(series, first, first + 13 * DAY, actor=story.max, reason="Away with the dog")


# ------------------------------------------------------------------------------------------------------ small steps


def _is_ahead(story: Story, from_day: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Scheduled visits from so many days ahead on; no stays, none that nobody does, none on days without requests."""
    return (
        Job.state == JobState.SCHEDULED, Job.on_date >= story.today + from_day * DAY, Job.ends_on == Job.on_date,
        Job.sitter_id.is_not(None), Job.on_date.not_in(story.closed),
    )  # fmt: skip


def _free(wanted: Iterable[sa.ColumnElement[bool]], client: Client) -> list[Job]:
    """The client's next visits that nobody has asked about."""
    own = sa.select(Job).where(Job.client_id == client.id, *wanted)
    found = list(db.session.scalars(own.order_by(Job.on_date, Job.start_time, Job.id).limit(30)))
    waiting = change_requests.waiting_for(j.id for j in found)
    return [j for j in found if j.id not in waiting]


def _ask_to_move(
    story: Story, job: Job, hours: float, *, body: str, later: int = 0, days: int = 0
) -> ChangeRequest | None:
    """Some hours later, when the sitter is free, or on the next day on which requests are taken."""
    start = job.start_time
    if later and start is not None and job.sitter is not None:
        near = min(max(start.hour + later, 7), 19) * 60 + start.minute
        start = story.free_time(job.sitter, [job.on_date], near=near, minutes=job.duration_minutes)
    day = story.days(job.on_date + days * DAY, 1)[0] if days else job.on_date
    wish = Wish(job.service_item, day, start, job.time_block, list(job.pets), job.note)
    if (day, start) == (job.on_date, job.start_time):
        return None
    with at(story.ago(hours)):
        return change_asking.ask_to_change(job.client, job, wish, actor=as_client(job.client), body=body)


def _ask_to_cancel(story: Story, jobs: Sequence[Job], hours: float, reason: str, body: str) -> ChangeRequest | None:
    if not jobs:
        return None
    listed = db.session.scalar(sa.select(CancellationReason).where(CancellationReason.name == reason))
    client = jobs[0].client
    with at(story.ago(hours)):
        return change_asking.ask_to_cancel(client, jobs, actor=as_client(client), reason=listed, body=body)


def _decide(story: Story, request: ChangeRequest | None, hours: float, *, no: str = "") -> None:
    """The office says yes, whatever stands in the way, or no with a word."""
    if request is None:
        return
    with at(story.ago(hours)):
        if no:
            change_deciding.deny(request.items, actor=story.olivia, note=no)
            return
        insist(lambda accept: change_deciding.approve(request.items, actor=story.max, accept=accept))
