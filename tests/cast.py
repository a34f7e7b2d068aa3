"""The people of every story. Bob's things are always there, so that a test about Alice shows what leaks."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from models import (
    Client,
    Job,
    JobRequest,
    LineState,
    Pet,
    ServiceGroup,
    ServiceItem,
    Species,
    Staff,
    StaffRole,
    TimeBlock,
    TimeType,
)
from tests import factories as make
from workflows.actors import Actor, client_actor, staff_actor


@dataclass
class Cast:
    """Alice Archer with two pets, Bob Baker with one; Sam and Sita sit, Olivia owns, Max manages."""

    olivia: Staff
    max: Staff
    sam: Staff
    sita: Staff
    alice: Client
    biscuit: Pet
    mochi: Pet
    bob: Client
    bella: Pet
    dog_walks: ServiceGroup
    #: Dog walk, 30 minutes, at a time of the client's choice
    walk: ServiceItem
    #: Cat visit, 20 minutes, morning or evening
    cat_visit: ServiceItem
    #: Overnight, all day
    overnight: ServiceItem
    morning: TimeBlock
    evening: TimeBlock
    #: of no service item
    night: TimeBlock
    #: Bob's request, number 1, one walk on Thursday
    bobs_request: JobRequest
    #: Bob's basket, one cat visit on Thursday morning
    bobs_basket: JobRequest
    #: Bob's visit on Wednesday at noon, by Sita
    bobs_job: Job

    @property
    def as_alice(self) -> Actor:
        return client_actor(self.alice)

    @property
    def as_bob(self) -> Actor:
        return client_actor(self.bob)

    @property
    def as_olivia(self) -> Actor:
        return staff_actor(self.olivia)

    @property
    def as_max(self) -> Actor:
        return staff_actor(self.max)

    @property
    def as_sam(self) -> Actor:
        return staff_actor(self.sam)


def make_cast() -> Cast:
    """Everybody, flushed."""
    with make.at_once():
        olivia = make.staff("Olivia", "Owens", role=StaffRole.OWNER, is_sitter=False, email="olivia@example.com")
        max_ = make.staff("Max", "Mason", role=StaffRole.MANAGER, is_sitter=False, email="max@example.com")
        sam = make.staff("Sam", "Stone", email="sam@example.com")
        sita = make.staff("Sita", "Singh", email="sita@example.com")
        alice = make.client(
            "Alice", "Archer", email="alice@example.com", account_number="4417209318", primary_sitter=sam
        )
        bob = make.client("Bob", "Baker", email="bob@example.com", account_number="8890123456", primary_sitter=sita)
        biscuit = make.pet(alice, "Biscuit", species=Species.DOG)
        mochi = make.pet(alice, "Mochi", species=Species.CAT)
        bella = make.pet(bob, "Bella", species=Species.DOG)
        dog_walks = make.service_group("Dog walks")
        morning = make.time_block("Morning", dt.time(7), dt.time(10))
        evening = make.time_block("Evening", dt.time(17), dt.time(20))
        night = make.time_block("Night", dt.time(22), dt.time(6))
        walk = make.service_item("Dog walk", code="Walk30", group=dog_walks)
        cat_visit = make.service_item(
            "Cat visit",
            code="Cat20",
            time_type=TimeType.TIME_BLOCK,
            duration_minutes=20,
            time_blocks=[morning, evening],
        )
        overnight = make.service_item(
            "Overnight",
            code="Night",
            time_type=TimeType.ALL_DAY,
            duration_minutes=1440,
            price=Decimal(100),
            extra_pet_price=Decimal(10),
        )
        make.counter(value=1)
    with make.at_once():
        bobs_request = make.job_request(bob, number=1)
        make.line(bobs_request, walk, pets=[bella], note="Bob's secret gate code", state=LineState.SUBMITTED)
        bobs_basket = make.job_request(bob)
        make.line(bobs_basket, cat_visit, block=morning, pets=[bella])
        bobs_job = make.job(bob, walk, sitter=sita, on_date=dt.date(2026, 11, 25), pets=[bella])
    return Cast(
        olivia, max_, sam, sita, alice, biscuit, mochi, bob, bella, dog_walks, walk, cat_visit, overnight, morning,
        evening, night, bobs_request, bobs_basket, bobs_job,
    )  # fmt: skip
