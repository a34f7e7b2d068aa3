"""The office begins repeating services; what became of each, and of its visits."""

import datetime as dt
import itertools
from collections import Counter

import sqlalchemy as sa
from flask import Flask

from foundation import clock
from foundation.db import db
from models import Client, Job, Pet, Repeat, ServiceItem
from tests.admin.office.walk import Office
from tests.chaos.journeys import Journey
from tests.chaos.people import Seen


class Series(Journey):
    """One service a week for a client, from another day and time on with each lap; its visits are made with it."""

    name = "series"

    def __init__(self, app: Flask, address: str, seen: Seen, *, client: Client, pet: Pet, item: ServiceItem, office: tuple[str, str]) -> None:  # fmt: skip
        super().__init__(app, address, seen)
        self.client, self.pet, self.item, self.cookie = client.id, pet.id, item.id, office
        first = clock.today() + dt.timedelta(days=20)
        noon = dt.datetime.combine(first, dt.time(8))
        self.places = (
            (first + dt.timedelta(days=n % 14), (noon + dt.timedelta(minutes=n)).time()) for n in itertools.count()
        )
        self.tried: list[tuple[dt.date, dt.time]] = []
        self.saved: list[tuple[dt.date, dt.time]] = []

    def begin(self) -> None:
        self.office = Office(self.browser(self.cookie))
        super().begin()

    def lap(self) -> None:
        day, time = place = next(self.places)
        self.tried.append(place)
        form = self.office.get(f"/admin/repeat/new?client={self.client}")
        rows = {"row-time": [f"{time:%H:%M}", ""], "r0-days": [str(day.weekday())]}
        page = form.press("Save and make visits", starts_on=day, service=self.item, pets=[self.pet], sitter="none", week_starts="0", **rows)  # fmt: skip
        self.told("Saved." in page.main, self.office.browser, page.main)
        self.saved.append(place)

    def wrong(self) -> list[str]:
        begun = list(db.session.scalars(sa.select(Repeat).where(Repeat.client_id == self.client)))
        there = Counter((r.starts_on, t.start_time) for r in begun for t in r.times)
        found = [
            f"series of {place}: begun {there[place]} times, told {place in self.saved}"
            for place in self.tried
            if not (place in self.saved) <= there[place] <= 1
        ]
        for repeat in begun:
            days = Counter(db.session.scalars(sa.select(Job.on_date).where(Job.repeat_id == repeat.id)))
            if not days or max(days.values()) > 1:
                found.append(f"series {repeat.id} has visits on {days}")
        return found
