"""The last days at the business: requests asked for, scheduled, declined, cancelled, forgotten. All through the workflows.

What is told here is what a newcomer sees first: the queue, HOME, the outbox, the log of a client. A part of the story is
a function and how many hours ago it began; parts are told in that order, so that request numbers follow the time.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from random import Random

import sqlalchemy as sa

from application.demo.crowd import Known
from application.demo.founding import House
from application.demo.past import at
from application.demo.roster import Roster
from foundation import clock
from foundation.db import db
from models import Client, Job, JobRequest, JobRequestLine, Pet, PetStatus, Species, Staff
from workflows import baskets, changing, conflicts, job_requests, jobs, limits, request_threads, sending
from workflows.actors import Actor, client_actor, staff_actor
from workflows.wanted import Wanted

ANY_DAY = range(7)
WEEKDAYS = range(5)


class Story:
    """Who is in it, and the small steps it is made of."""

    def __init__(self, house: House, known: Known, roster: Roster, random: Random) -> None:
        self.house, self.known, self.roster, self.random = house, known, roster, random
        self.now, self.today = clock.now(), clock.today()
        self.max, self.olivia = staff_actor(house.max), staff_actor(house.olivia)
        self.closed = limits.calendar(self.today, self.today + dt.timedelta(days=120)).closed
        self.monday = self.today + dt.timedelta(days=7 - self.today.weekday())

    def ago(self, hours: float) -> dt.datetime:
        """A moment before now."""
        return self.now - dt.timedelta(hours=hours)

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
            return sending.submit(client, actor=who).request

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
        insist(
            lambda accept: jobs.book(client, wanted, sitter=sitter, actor=actor, staff_note=staff_note, accept=accept)
        )

    def change(self, job: Job, wish: changing.Change) -> None:
        """Max moves or gives away a visit; where the made-up year stands in the way, he looks and does it anyway."""
        insist(lambda accept: changing.change(job, wish, actor=self.max, accept=accept))

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


def insist(do: Callable[[set[str]], object]) -> None:
    """Do it; where the made-up year stands in the way, look and do it anyway."""
    accept: set[str] = set()
    try:
        with db.session.begin_nested():
            do(accept)
    except conflicts.ConflictsFound as found:
        accept = conflicts.tokens(found.clashes)
    if accept:
        do(accept)


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


Part = tuple[float, Callable[[Story, float], None]]


def tell(story: Story, parts: Iterable[Part]) -> None:
    """The parts, in the order in which they began; each is told how many hours ago that was."""
    for hours, part in sorted(parts, key=lambda p: -p[0]):
        part(story, hours)


# -------------------------------------------------------------------------------------------------- Hannah and Leo


def hannahs_walks(story: Story, hours: float) -> None:
    """Three walks are scheduled with Sam; one was moved by phone."""
    hannah, sam = story.known.hannah, story.house.sam
    days = story.days(story.monday, 3, only=(0, 2, 4))
    walks = story.walk(hannah, days, near=12 * 60, note="He may stay off the leash on the long meadow.")
    request = story.ask(hannah, [walks], story.ago(hours))
    made = story.schedule(
        request, story.ago(hours - 4), by=story.max, sitter=sam, message="Sam is looking forward to it!"
    )
    job = jobs.get_fresh(made[-1])
    if job is not None and job.start_time is not None:
        start = story.free_time(sam, [job.on_date], near=job.start_time.hour * 60 + 90, minutes=30)
        wish = changing.Change(
            item=job.service_item, on_date=job.on_date, start_time=start, block=None, sitter=sam, pets=list(job.pets),
            note=job.note, staff_note="Moved by phone: the electrician comes at noon.",
        )  # fmt: skip
        with at(story.ago(hours - 120)):
            story.change(job, wish)


def leos_refusal(story: Story, hours: float) -> None:
    """A boarding stay was declined, with another offer."""
    leo, days = story.known.leo, story.days(story.monday + dt.timedelta(days=9), 3)
    board, dogs = story.house.items["Board"], pets_of(story.known.leo, Species.DOG)
    request = story.ask(leo, [Wanted(board, days, pets=dogs, note="He brings his own basket.")], story.ago(hours))
    reason = (
        "Our boarding home is full on these days. We could come to your house overnight instead: would you like that?"
    )
    with at(story.ago(hours - 4)):
        job_requests.decline(leo, waiting(request), reason=reason, actor=story.olivia)


def leos_walks(story: Story, hours: float) -> None:
    """Four walks wait, of which Leo cancelled one."""
    leo, days = story.known.leo, story.days(story.monday + dt.timedelta(days=1), 4, only=WEEKDAYS)
    request = story.ask(leo, [story.walk(leo, days, near=13 * 60, code="Walk60")], story.ago(hours))
    with at(story.ago(hours - 49)):
        reason = "My sister takes him that day."
        job_requests.cancel_lines(leo, waiting(request)[-1:], actor=as_client(leo), reason=reason)


def leos_taxi(story: Story, hours: float) -> None:
    """The office booked by phone what clients cannot request."""
    leo, sita = story.known.leo, story.house.sita
    days = story.days(story.monday + dt.timedelta(days=7), 1, only=WEEKDAYS)
    taxi = story.walk(leo, days, near=10 * 60, code="Taxi", sitter=sita, note="To the vet for his yearly shots.")
    with at(story.ago(hours)):
        story.book(leo, taxi, sitter=sita, actor=story.olivia, staff_note="Ramp for the car is in the garage.")


def hannahs_weekend(story: Story, hours: float) -> None:
    """A weekend away waits, and the office has asked something about it."""
    hannah = story.known.hannah
    days = story.days(story.monday + dt.timedelta(days=4), 3, only=(4, 5, 6))
    cats = story.visit(hannah, days, "Morning", "Evening", note="Mochi eats before the injection, never after.")
    request = story.ask(hannah, [cats, story.walk(hannah, days, near=12 * 60 + 30)], story.ago(hours))
    body = "Thank you, Hannah. Is there enough insulin in the fridge for three days, or shall we pick some up?"
    with at(story.ago(hours - 13)):
        lines = waiting(request)
        request_threads.write(request, lines, body=body, to_client=True, to_sitters=False, actor=story.olivia)


OF_KNOWN: tuple[Part, ...] = (
    (218, hannahs_walks), (149, leos_refusal), (76, leos_walks), (54, leos_taxi), (16, hannahs_weekend),
)  # fmt: skip
