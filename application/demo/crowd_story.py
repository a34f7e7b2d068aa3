"""The last days of the crowd: ten more clients who wait, and some whose requests were decided, cancelled or forgotten."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa

from application.demo.crowd import Household
from application.demo.founding import leave_of_last
from application.demo.past import at
from application.demo.story import WEEKDAYS, Part, Story, as_client, pets_of, waiting
from foundation import clock
from foundation.db import db
from models import Client, Job, JobState, Notification, Species
from workflows import baskets, cancelling, changing, job_requests, jobs, notifications, sending
from workflows.wanted import Wanted

NIGHT = 20 * 60


class CrowdStory:
    """The parts that the crowd plays; nobody plays two."""

    def __init__(self, story: Story, households: Sequence[Household]) -> None:
        self.left = list(households)
        self.leave_of = story.house.sitters[-1].id
        self.route_ids = set(story.roster.route_ids)
        story.random.shuffle(self.left)

    def parts(self) -> tuple[Part, ...]:
        """All parts with the hours since they began."""
        return (
            (192, self.scheduled), (168, self.scheduled_unassigned), (120, self.declined), (103, self.long_trip),
            (68, self.sitter_away), (57, self.taken_back), (50, self.waiting), (46, self.added_to), (39, self.overnights),
            (33, self.overlap), (21, self.waiting), (19, self.forgotten), (8, self.nobody_proposed),
            (6, self.given_out), (5, self.auto_submitted), (4, self.chosen_today), (1.5, self.waiting), (1, self.dismissed),
        )  # fmt: skip

    # ----------------------------------------------------------------------------------------------------- casting

    def look_for(self, fits: Callable[[Household], bool]) -> Client | None:
        """A client with a log-in who fits; None when nobody does."""
        found = self._candidates(lambda h: h.sitter_id in self.route_ids and fits(h))
        return next((client for client in found if client.email and client.logins), None)

    def find(self, fits: Callable[[Household], bool] = lambda _h: True) -> Client:
        """A client with a mail address who fits; in a small crowd anybody must do."""
        for client in self._candidates(lambda h: h.sitter_id in self.route_ids and fits(h)):
            if client.email and client.logins:
                return client
        on_route = self._candidates(lambda h: h.sitter_id in self.route_ids)
        return next(on_route, None) or next(self._candidates(lambda _h: True))

    def _candidates(self, fits: Callable[[Household], bool]) -> Iterator[Client]:
        for household in [h for h in self.left if h.pets and fits(h)]:
            client = db.session.get(Client, household.id)
            if client is not None and client.primary_sitter_id is not None:
                self.left.remove(household)
                yield client

    def with_a(self, species: Species) -> Client:
        """A client with such a pet, whose sitter is there."""
        return self.find(lambda h: bool(h.of(species)) and h.sitter_id != self.leave_of)

    # ----------------------------------------------------------------------------------------------------- decided

    def scheduled(self, story: Story, hours: float) -> None:
        """A week of walks, of which the office later cancelled one."""
        client, days = self.with_a(Species.DOG), story.days(story.monday, 5, only=WEEKDAYS)
        request = story.ask(client, [story.walk(client, days, near=11 * 60)], story.ago(hours))
        made = story.schedule(request, story.ago(hours - 4), by=story.max, sitter=client.primary_sitter)
        with at(story.ago(hours - 142)):
            job = jobs.get_fresh(made[-1])
            if job is not None:
                cancelling.cancel([job], actor=story.max, reason="Called: the dog is at the groomer that day.")

    def scheduled_unassigned(self, story: Story, hours: float) -> None:
        """Cat visits in the schedule that nobody has yet."""
        client, days = self.with_a(Species.CAT), story.days(story.monday + dt.timedelta(days=10), 4)
        request = story.ask(client, [story.visit(client, days, "Midday")], story.ago(hours))
        story.schedule(request, story.ago(hours - 4), by=story.olivia, sitter=None)

    def declined(self, story: Story, hours: float) -> None:
        """Two evenings that cannot be done."""
        client, days = self.with_a(Species.CAT), story.days(story.monday, 2)
        request = story.ask(client, [story.visit(client, days, "Evening")], story.ago(hours))
        reason = "We have nobody in your part of town on these two evenings. Midday would work: please ask again."
        with at(story.ago(hours - 3)):
            job_requests.decline(client, waiting(request), reason=reason, actor=story.max)

    def taken_back(self, story: Story, hours: float) -> None:
        """The client cancelled all of it before the office had decided."""
        client, days = self.with_a(Species.DOG), story.days(story.monday, 2)
        request = story.ask(client, [story.walk(client, days, near=9 * 60)], story.ago(hours))
        with at(story.ago(14)):
            job_requests.cancel_request(request, actor=as_client(client), reason="The wedding is postponed.")

    def given_out(self, story: Story, hours: float) -> None:
        """Visits of the next days that had nobody were given to whoever is free, and those are told by mail."""
        first, last = story.today + dt.timedelta(days=1), story.today + dt.timedelta(days=3)
        soon = sa.select(Job).where(
            Job.on_date.between(first, last), Job.sitter_id.is_(None), Job.state == JobState.SCHEDULED,
            Job.start_time.is_not(None), Job.ends_on == Job.on_date,
        )  # fmt: skip
        sitters = {s.id: s for s in story.house.sitters}
        for job in db.session.scalars(soon.order_by(Job.on_date, Job.id).limit(12)):
            time = job.start_time or dt.time(0)
            start = time.hour * 60 + time.minute
            for sitter_id in story.roster.who(0, job.on_date):
                if story.roster.is_free(sitter_id, job.on_date, start, job.duration_minutes):
                    story.roster.take(sitter_id, job.on_date, start, job.duration_minutes)
                    wish = changing.Change(
                        item=job.service_item, on_date=job.on_date, start_time=time, block=None,
                        sitter=sitters[sitter_id], pets=list(job.pets), note=job.note, staff_note=job.staff_note,
                    )  # fmt: skip
                    with at(story.ago(hours)):
                        story.change(job, wish)
                    break

    # ----------------------------------------------------------------------------------------------------- waiting

    def waiting(self, story: Story, hours: float) -> None:
        """Nothing special: two walks."""
        client = self.with_a(Species.DOG)
        days = story.days(story.monday + dt.timedelta(days=int(hours) % 5), 2, only=WEEKDAYS)
        story.ask(client, [story.walk(client, days, near=(10 + int(hours) % 6) * 60)], story.ago(hours))

    def long_trip(self, story: Story, hours: float) -> None:
        """Two visits a day for two weeks."""
        client, days = self.with_a(Species.CAT), story.days(story.monday + dt.timedelta(days=12), 14)
        note = "Two weeks in Portugal. Mail goes on the piano."
        story.ask(client, [story.visit(client, days, "Morning", "Evening", note=note)], story.ago(hours))

    def overnights(self, story: Story, hours: float) -> None:
        """Two nights with a walk each day."""
        days, free = story.days(story.monday + dt.timedelta(days=8), 2), story.roster.is_free
        client = self.find(
            lambda h: (
                bool(h.of(Species.DOG))
                and h.sitter_id != self.leave_of
                and all(free(h.sitter_id, d, NIGHT, 660) for d in days)
            )
        )
        item, dogs = story.house.items["Night"], pets_of(client, Species.DOG)
        nights = Wanted(item, days, dt.time(20), pets=dogs, note="The guest room is made up.")
        story.ask(client, [nights, story.walk(client, days, near=13 * 60)], story.ago(hours))

    def sitter_away(self, story: Story, hours: float) -> None:
        """The primary sitter is on leave on the days that are asked for."""
        client = self.find(lambda h: bool(h.of(Species.DOG)) and h.sitter_id == self.leave_of)
        first, _last = leave_of_last(story.today)
        days = story.days(first + dt.timedelta(days=2), 3, only=WEEKDAYS)
        note = f"Only {story.house.sitters[-1].first_name}, if possible."
        story.ask(client, [story.walk(client, days, near=12 * 60, note=note)], story.ago(hours))

    def overlap(self, story: Story, hours: float) -> None:
        """The office gave the primary sitter another visit at the very time that is asked for."""
        client, other = self.with_a(Species.DOG), self.with_a(Species.DOG)
        days = story.days(story.monday + dt.timedelta(days=2), 2, only=WEEKDAYS)
        wish = story.walk(client, days, near=14 * 60)
        story.ask(client, [wish], story.ago(hours))
        booked = Wanted(wish.item, days[:1], wish.start_time, pets=pets_of(other, Species.DOG))
        with at(story.ago(hours - 7)):
            story.book(other, booked, sitter=client.primary_sitter, actor=story.max)

    def nobody_proposed(self, story: Story, hours: float) -> None:
        """A client without a primary sitter: the office must choose one."""
        client, days = self.with_a(Species.CAT), story.days(story.monday + dt.timedelta(days=6), 3)
        client.primary_sitter = None
        story.ask(client, [story.visit(client, days, "Midday", "Evening", code="Cat40")], story.ago(hours))

    def added_to(self, story: Story, hours: float) -> None:
        """More services joined a request that was waiting already."""
        client, days = self.with_a(Species.DOG), story.days(story.monday + dt.timedelta(days=3), 2, only=WEEKDAYS)
        request = story.ask(client, [story.walk(client, days, near=11 * 60)], story.ago(hours))
        with at(story.ago(hours - 35)):
            baskets.join_request(client, request, actor=as_client(client))
        item, dogs = story.house.items["Potty15"], pets_of(client, Species.DOG)
        late = Wanted(item, days, pets=dogs, note="And one late in the day, please.")
        story.ask(client, [late], story.ago(hours - 35.1))

    # --------------------------------------------------------------------------------------------------- forgotten

    def auto_submitted(self, story: Story, hours: float) -> None:
        """A basket was forgotten for a day, and the clock sent it."""
        client, days = self.with_a(Species.CAT), story.days(story.monday + dt.timedelta(days=5), 2)
        story.fill_basket(client, [story.visit(client, days, "Morning")], story.ago(hours + 25))
        with at(story.ago(hours)):
            sending.auto_submit(client)

    def forgotten(self, story: Story, hours: float) -> None:
        """Chosen yesterday and not sent; the office has reminded the client."""
        client, days = self.with_a(Species.CAT), story.days(story.monday + dt.timedelta(days=14), 3)
        story.fill_basket(client, [story.visit(client, days, "Morning")], story.ago(hours))
        basket = baskets.basket_of(client.id)
        if basket is not None:
            with at(story.ago(1)):
                body = "Did you mean to send this? We still have room."
                baskets.remind(basket, body=body, actor=story.max)

    def chosen_today(self, story: Story, hours: float) -> None:
        """Chosen some hours ago and not sent yet."""
        client, days = self.with_a(Species.DOG), story.days(story.monday + dt.timedelta(days=15), 2)
        story.fill_basket(client, [story.walk(client, days, near=12 * 60)], story.ago(hours))

    def dismissed(self, story: Story, hours: float) -> None:
        """What happened more than two days ago has been seen by the office."""
        before = clock.now() - dt.timedelta(days=2)
        with at(story.ago(hours)):
            for notice in db.session.scalars(sa.select(Notification).where(Notification.created_at < before)):
                notifications.dismiss(notice, actor=story.max)
