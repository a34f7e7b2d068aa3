"""The last days at the business: requests asked for, scheduled, declined, cancelled, forgotten. All through the workflows.

What is told here is what a newcomer sees first: the queue, HOME, the outbox, the log of a client.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random

import sqlalchemy as sa

from application.demo.crowd import Household, Known
from application.demo.founding import House, leave_of_last
from application.demo.past import at
from application.demo.roster import Roster
from foundation import clock
from foundation.db import db
from models import Client, Job, JobRequest, JobRequestLine, JobState, Notification, Pet, PetStatus, Species, Staff
from workflows import baskets, conflicts, job_requests, jobs, limits, notifications
from workflows.actors import Actor, client_actor, staff_actor
from workflows.wanted import Wanted

ANY_DAY = range(7)
WEEKDAYS = range(5)
TRIES = 400


class Story:
    """Who is in it, and the small steps it is made of."""

    def __init__(self, house: House, known: Known, roster: Roster, random: Random) -> None:
        self.house, self.known, self.roster, self.random = house, known, roster, random
        self.now, self.today = clock.now(), clock.today()
        self.max, self.olivia = staff_actor(house.max), staff_actor(house.olivia)
        self.closed = limits.calendar(self.today, self.today + dt.timedelta(days=120)).closed
        self.monday = self.today + dt.timedelta(days=7 - self.today.weekday())

    def ago(self, *, days: float = 0, hours: float = 0) -> dt.datetime:
        """A moment before now."""
        return self.now - dt.timedelta(days=days, hours=hours)

    def days(self, first: dt.date, n: int, *, only: Iterable[int] = ANY_DAY) -> list[dt.date]:
        """The next `n` days on which requests are taken, from `first` on."""
        found: list[dt.date] = []
        wanted, day = set(only), first
        while len(found) < n:
            if day not in self.closed and day.weekday() in wanted:
                found.append(day)
            day += dt.timedelta(days=1)
        return found

    def free_time(self, sitter: Staff, days: Sequence[dt.date], *, near: int, minutes: int) -> dt.time:
        """A time near the wished one at which the sitter is free on all these days; it is kept for them."""
        for shift in range(0, 9 * 60, 15):
            for start in (near + shift, near - shift):
                if 6 * 60 <= start <= 21 * 60 and all(
                    self.roster.is_free(sitter.id, d, start, minutes + 15) for d in days
                ):
                    for day in days:
                        self.roster.take(sitter.id, day, start, minutes)
                    return dt.time(start // 60, start % 60)
        return dt.time(near // 60, near % 60)

    def ask(self, client: Client, wishes: Sequence[Wanted], when: dt.datetime) -> JobRequest:
        """The client fills the basket and sends it."""
        who = as_client(client)
        self.fill_basket(client, wishes, when)
        with at(when + dt.timedelta(minutes=2 + 2 * len(wishes))):
            return job_requests.submit(client, actor=who).request

    def fill_basket(self, client: Client, wishes: Sequence[Wanted], when: dt.datetime) -> None:
        """The client fills the basket, a wish every other minute."""
        for n, wish in enumerate(wishes):
            with at(when + dt.timedelta(minutes=2 * n)):
                baskets.add(client, wish, actor=as_client(client))

    def schedule(
        self, request: JobRequest, when: dt.datetime, *, by: Actor, sitter: Staff | None, message: str = ""
    ) -> list[int]:
        """The office schedules all that waits, with this sitter or unassigned; the visits' ids."""
        lines = waiting(request)
        with at(when):
            job_requests.choose_sitters(request.client, {x.id: (sitter, sitter is None) for x in lines}, actor=by)
            made = job_requests.schedule(
                request.client, lines, actor=by, message=message, accept=self._all_clashes(lines)
            )
        return [job.id for job in made]

    def book(self, client: Client, wanted: Wanted, *, sitter: Staff | None, actor: Actor, staff_note: str = "") -> None:
        """The office books; where the made-up year stands in the way, it looks and books anyway."""
        accept: set[str] = set()
        try:
            with db.session.begin_nested():
                jobs.book(client, wanted, sitter=sitter, actor=actor, staff_note=staff_note)
        except conflicts.ConflictsFound as found:
            accept = conflicts.tokens(found.clashes)
        if accept:
            jobs.book(client, wanted, sitter=sitter, actor=actor, staff_note=staff_note, accept=accept)

    def _all_clashes(self, lines: Sequence[JobRequestLine]) -> set[str]:
        return conflicts.tokens(job_requests.line_conflicts(lines))

    def walk(
        self, client: Client, days: Sequence[dt.date], *, near: int, code: str = "Walk30", sitter: Staff | None = None, note: str = ""
    ) -> Wanted:  # fmt: skip
        """Walks for the client's dogs (or all its pets) when the sitter is free."""
        item = self.house.items[code]
        who = sitter or client.primary_sitter
        start = (
            self.free_time(who, days, near=near, minutes=item.duration_minutes)
            if who
            else dt.time(near // 60, near % 60)
        )
        return Wanted(item, days, start, pets=pets_of(client, Species.DOG), note=note)

    def visit(
        self, client: Client, days: Sequence[dt.date], *blocks: str, code: str = "Cat20", note: str = ""
    ) -> Wanted:
        """Visits in time blocks for the client's cats (or all its pets)."""
        own = [self.house.blocks[b] for b in blocks]
        return Wanted(self.house.items[code], days, blocks=own, pets=pets_of(client, Species.CAT), note=note)


def as_client(client: Client) -> Actor:
    """The client in the portal, with the household's first log-in."""
    return client_actor(client, next(iter(client.logins), None))


def pets_of(client: Client, species: Species) -> list[Pet]:
    """The client's pets of this kind that are there, or all that are."""
    present = [p for p in client.pets if p.status is PetStatus.ACTIVE]
    return [p for p in present if p.species is species] or present


def waiting(request: JobRequest) -> list[JobRequestLine]:
    """The lines of a request."""
    return list(db.session.scalars(sa.select(JobRequestLine).where(JobRequestLine.request_id == request.id)))


# -------------------------------------------------------------------------------------------------- Hannah and Leo


def tell_of_known(story: Story) -> None:
    """Hannah: walks scheduled (one moved later), and a weekend away that waits. Leo: a refusal, and walks that wait."""
    _hannahs_walks(story)
    _leos_refusal(story)
    _leos_walks(story)
    _leos_taxi(story)
    _hannahs_weekend(story)


def _hannahs_walks(story: Story) -> None:
    hannah, sam = story.known.hannah, story.house.sam
    days = story.days(story.monday, 3, only=(0, 2, 4))
    walks = story.walk(hannah, days, near=12 * 60, note="He may stay off the leash on the long meadow.")
    request = story.ask(hannah, [walks], story.ago(days=9, hours=2))
    made = story.schedule(
        request, story.ago(days=8, hours=22), by=story.max, sitter=sam, message="Sam is looking forward to it!"
    )
    with at(story.ago(days=4, hours=3)):
        job = jobs.get_fresh(made[-1])
        if job is not None and job.start_time is not None:
            start = story.free_time(sam, [job.on_date], near=job.start_time.hour * 60 + 90, minutes=30)
            wish = jobs.Change(
                item=job.service_item, on_date=job.on_date, start_time=start, block=None, sitter=sam, pets=list(job.pets),
                note=job.note, staff_note="Moved by phone: the electrician comes at noon.",
            )  # fmt: skip
            jobs.change(job, wish, actor=story.max)


def _leos_refusal(story: Story) -> None:
    leo, days = story.known.leo, story.days(story.monday + dt.timedelta(days=9), 3)
    stay = Wanted(story.house.items["Board"], days, pets=pets_of(leo, Species.DOG), note="He brings his own basket.")
    request = story.ask(leo, [stay], story.ago(days=6, hours=5))
    with at(story.ago(days=6, hours=1)):
        reason = "Our boarding home is full on these days. We could come to your house overnight instead: would you like that?"
        job_requests.decline(leo, waiting(request), reason=reason, actor=story.olivia)


def _leos_walks(story: Story) -> None:
    leo, days = story.known.leo, story.days(story.monday + dt.timedelta(days=1), 4, only=WEEKDAYS)
    request = story.ask(leo, [story.walk(leo, days, near=13 * 60, code="Walk60")], story.ago(days=3, hours=4))
    with at(story.ago(days=1, hours=3)):
        job_requests.cancel_lines(
            leo, waiting(request)[-1:], actor=as_client(leo), reason="My sister takes him that day."
        )


def _leos_taxi(story: Story) -> None:
    leo, sita = story.known.leo, story.house.sita
    (day,) = story.days(story.monday + dt.timedelta(days=7), 1, only=WEEKDAYS)
    taxi = story.walk(leo, [day], near=10 * 60, code="Taxi", sitter=sita, note="To the vet for his yearly shots.")
    with at(story.ago(days=2, hours=6)):
        story.book(leo, taxi, sitter=sita, actor=story.olivia, staff_note="Ramp for the car is in the garage.")


def _hannahs_weekend(story: Story) -> None:
    hannah = story.known.hannah
    days = story.days(story.monday + dt.timedelta(days=4), 3, only=(4, 5, 6))
    cats = story.visit(hannah, days, "Morning", "Evening", note="Mochi eats before the injection, never after.")
    dog = story.walk(hannah, days, near=12 * 60 + 30)
    request = story.ask(hannah, [cats, dog], story.ago(hours=16))
    with at(story.ago(hours=3)):
        body = "Thank you, Hannah. Is there enough insulin in the fridge for three days, or shall we pick some up?"
        lines = waiting(request)
        job_requests.write_message(request, lines, body=body, to_client=True, to_sitters=False, actor=story.olivia)


# ------------------------------------------------------------------------------------------------------- the crowd


def tell_of_crowd(story: Story, households: Sequence[Household]) -> None:
    """Ten more clients wait; one request is auto-submitted, two meet conflicts; others are decided or forgotten."""
    cast = _Casting(story, households)
    for part in (
        _decided, _sitter_away, _overlap, _auto_submitted, _long_trip, _overnights, _nobody_proposed, _plain, _added_to, _baskets,
        _given_out,
    ):  # fmt: skip
        part(story, cast)
    _dismiss_old(story)


class _Casting:
    """Finds a client for a part; nobody plays two."""

    def __init__(self, story: Story, households: Sequence[Household]) -> None:
        self.story = story
        self.left = list(households)
        story.random.shuffle(self.left)

    def find(self, fits: Callable[[Household], bool] = lambda _h: True) -> Client:
        """A client with a mail address who fits; in a small crowd the first one must do."""
        for client in self._candidates(fits):
            if client.email and client.logins:
                return client
        return next(self._candidates(lambda _h: True))

    def _candidates(self, fits: Callable[[Household], bool]) -> Iterator[Client]:
        for household in [h for h in self.left if h.pets and fits(h)][:TRIES]:
            client = db.session.get(Client, household.id)
            if client is not None and client.primary_sitter_id is not None:
                self.left.remove(household)
                yield client

    def with_dog(self) -> Client:
        """A client with a dog and a sitter who drives from house to house."""
        return self.find(lambda h: bool(h.of(Species.DOG)) and h.sitter_id in self.story.roster.route_ids)

    def with_cat(self) -> Client:
        """A client with a cat and a sitter who drives from house to house."""
        return self.find(lambda h: bool(h.of(Species.CAT)) and h.sitter_id in self.story.roster.route_ids)


def _decided(story: Story, cast: _Casting) -> None:
    """Scheduled, and one visit of it cancelled by the office; scheduled unassigned; declined; cancelled by the client."""
    happy = cast.with_dog()
    request = story.ask(
        happy, [story.walk(happy, story.days(story.monday, 5, only=WEEKDAYS), near=11 * 60)], story.ago(days=8)
    )
    made = story.schedule(request, story.ago(days=7, hours=20), by=story.max, sitter=happy.primary_sitter)
    with at(story.ago(days=2, hours=2)):
        job = jobs.get_fresh(made[-1])
        if job is not None:
            jobs.cancel([job], actor=story.max, reason="Called: the dog is at the groomer that day.")
    open_ = cast.with_cat()
    request = story.ask(
        open_, [story.visit(open_, story.days(story.monday + dt.timedelta(days=10), 4), "Midday")], story.ago(days=7)
    )
    story.schedule(request, story.ago(days=6, hours=20), by=story.olivia, sitter=None)
    refused = cast.with_cat()
    request = story.ask(refused, [story.visit(refused, story.days(story.monday, 2), "Evening")], story.ago(days=5))
    with at(story.ago(days=4, hours=21)):
        reason = "We have nobody in your part of town on these two evenings. Midday would work: please ask again if it helps."
        job_requests.decline(refused, waiting(request), reason=reason, actor=story.max)
    undecided = cast.with_dog()
    request = story.ask(
        undecided, [story.walk(undecided, story.days(story.monday, 2), near=9 * 60)], story.ago(days=2, hours=9)
    )
    with at(story.ago(hours=14)):
        job_requests.cancel_request(request, actor=as_client(undecided), reason="The wedding is postponed.")


def _sitter_away(story: Story, cast: _Casting) -> None:
    """The primary sitter is on leave on the days that are asked for."""
    last = story.house.sitters[-1]
    client = cast.find(lambda h: bool(h.of(Species.DOG)) and h.sitter_id == last.id)
    first, _end = leave_of_last(story.today)
    days = story.days(first + dt.timedelta(days=2), 3, only=WEEKDAYS)
    story.ask(
        client, [story.walk(client, days, near=12 * 60, note="Only Piotr, if possible.")], story.ago(days=2, hours=20)
    )


def _overlap(story: Story, cast: _Casting) -> None:
    """The office gave the primary sitter another visit at the very time that is asked for."""
    client, other = cast.with_dog(), cast.with_dog()
    days = story.days(story.monday + dt.timedelta(days=2), 2, only=WEEKDAYS)
    wish = story.walk(client, days, near=14 * 60)
    story.ask(client, [wish], story.ago(days=1, hours=9))
    booked = Wanted(wish.item, days[:1], wish.start_time, pets=pets_of(other, Species.DOG))
    with at(story.ago(days=1, hours=2)):
        story.book(other, booked, sitter=client.primary_sitter, actor=story.max)


def _auto_submitted(story: Story, cast: _Casting) -> None:
    """A basket was forgotten for a day, and the clock sent it."""
    client = cast.with_cat()
    story.fill_basket(
        client,
        [story.visit(client, story.days(story.monday + dt.timedelta(days=5), 2), "Morning")],
        story.ago(hours=30),
    )
    with at(story.ago(hours=5)):
        job_requests.auto_submit(client)


def _long_trip(story: Story, cast: _Casting) -> None:
    client = cast.with_cat()
    days = story.days(story.monday + dt.timedelta(days=12), 14)
    story.ask(
        client,
        [story.visit(client, days, "Morning", "Evening", note="Two weeks in Portugal. Mail goes on the piano.")],
        story.ago(days=4, hours=7),
    )


def _overnights(story: Story, cast: _Casting) -> None:
    days = story.days(story.monday + dt.timedelta(days=8), 3)
    client = cast.find(
        lambda h: bool(h.of(Species.DOG)) and all(story.roster.is_free(h.sitter_id, d, 20 * 60, 660) for d in days)
    )
    nights = Wanted(
        story.house.items["Night"],
        days,
        dt.time(20),
        pets=pets_of(client, Species.DOG),
        note="The guest room is made up.",
    )
    story.ask(client, [nights, story.walk(client, days, near=13 * 60)], story.ago(days=1, hours=15))


def _nobody_proposed(story: Story, cast: _Casting) -> None:
    """A client without a primary sitter: the office must choose one."""
    client = cast.with_cat()
    client.primary_sitter = None
    story.ask(
        client,
        [story.visit(client, story.days(story.monday + dt.timedelta(days=6), 3), "Midday", "Evening", code="Cat40")],
        story.ago(hours=8),
    )


def _plain(story: Story, cast: _Casting) -> None:
    for hours, near in ((50, 10 * 60), (21, 15 * 60), (1.5, 12 * 60)):
        client = cast.with_dog()
        days = story.days(story.monday + dt.timedelta(days=int(hours) % 5), 2, only=WEEKDAYS)
        story.ask(client, [story.walk(client, days, near=near)], story.ago(hours=hours))


def _added_to(story: Story, cast: _Casting) -> None:
    """More services joined a request that was waiting already."""
    client = cast.with_dog()
    days = story.days(story.monday + dt.timedelta(days=3), 2, only=WEEKDAYS)
    request = story.ask(client, [story.walk(client, days, near=11 * 60)], story.ago(days=1, hours=22))
    with at(story.ago(hours=11)):
        baskets.join_request(client, request, actor=as_client(client))
    more = Wanted(
        story.house.items["Potty15"], days, pets=pets_of(client, Species.DOG), note="And one late in the day, please."
    )
    story.ask(client, [more], story.ago(hours=10.9))


def _baskets(story: Story, cast: _Casting) -> None:
    """Two have chosen visits and not sent them; the office reminded one of them."""
    first, second = cast.with_cat(), cast.with_dog()
    story.fill_basket(
        first, [story.visit(first, story.days(story.monday + dt.timedelta(days=14), 3), "Morning")], story.ago(hours=19)
    )
    story.fill_basket(
        second,
        [story.walk(second, story.days(story.monday + dt.timedelta(days=15), 2), near=12 * 60)],
        story.ago(hours=4),
    )
    basket = baskets.basket_of(first.id)
    if basket is not None:
        with at(story.ago(hours=1)):
            baskets.remind(basket, body="Did you mean to send this? We still have room.", actor=story.max)


def _given_out(story: Story, _cast: _Casting) -> None:
    """Visits of the next days that had nobody are given to whoever is free, and those are told by mail."""
    soon = sa.select(Job).where(
        Job.on_date.between(story.today + dt.timedelta(days=1), story.today + dt.timedelta(days=3)),
        Job.sitter_id.is_(None), Job.state == JobState.SCHEDULED, Job.start_time.is_not(None), Job.ends_on == Job.on_date,
    )  # fmt: skip
    sitters = {s.id: s for s in story.house.sitters}
    for job in db.session.scalars(soon.order_by(Job.on_date, Job.id).limit(12)):
        start = (job.start_time or dt.time(0)).hour * 60 + (job.start_time or dt.time(0)).minute
        free = [
            i
            for i in story.roster.who(0, job.on_date)
            if story.roster.is_free(i, job.on_date, start, job.duration_minutes)
        ]
        if free:
            story.roster.take(free[0], job.on_date, start, job.duration_minutes)
            wish = jobs.Change(
                item=job.service_item, on_date=job.on_date, start_time=job.start_time, block=None, sitter=sitters[free[0]],
                pets=list(job.pets), note=job.note, staff_note=job.staff_note,
            )  # fmt: skip
            with at(story.ago(hours=6)):
                jobs.change(job, wish, actor=story.max)


def _dismiss_old(story: Story) -> None:
    """What happened more than two days ago has been seen by the office."""
    with at(story.ago(days=1, hours=1)):
        for notice in db.session.scalars(sa.select(Notification).where(Notification.created_at < story.ago(days=2))):
            notifications.dismiss(notice, actor=story.max)
