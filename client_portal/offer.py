"""What a client can choose from while requesting: the visible services with their times, and the pets at home."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from client_portal import words
from foundation import clock
from foundation.db import db
from models import Client, Job, JobRequestLine, Pet, PetStatus, ServiceGroup, ServiceItem, TimeBlock, TimeType
from ui_kit import formats
from workflows import limits, opening, price_books, pricing, settings
from workflows.limits import Calendar, Refusal


@dataclass(frozen=True)
class Service:
    """A service item as a tile, with the times that it asks for."""

    item: ServiceItem
    #: the block that a visit stands in although the service has it no more, or never had
    own_block: TimeBlock | None = None
    #: for one pet and for two, for this client on no day in particular; None where prices are not shown
    costs: tuple[Decimal, Decimal] | None = None

    @property
    def key(self) -> str:
        return self.item.public_id

    @property
    def meta(self) -> str:
        """`45 minutes. In the park. Each extra pet $5.00`; the price only where prices are shown."""
        parts = [] if self.item.time_type is TimeType.ALL_DAY else [formats.length(self.item.duration_minutes)]
        parts += [self.item.description.rstrip(".")] if self.item.description else []
        return ". ".join(parts)

    @property
    def price(self) -> str:
        return words.amount(self.costs[0]) if self.costs else ""

    @property
    def extra_price(self) -> str:
        """What a second pet costs, if anything."""
        extra = self.costs[1] - self.costs[0] if self.costs else None
        return words.amount(extra) if extra else ""

    @cached_property
    def blocks(self) -> list[TimeBlock]:
        """The blocks that can be chosen; none for other time types."""
        if self.item.time_type is not TimeType.TIME_BLOCK:
            return []
        found = [b for b in self.item.time_blocks if b.is_active]
        return [*found, self.own_block] if self.own_block and self.own_block not in found else found

    def why_not(self, day: dt.date, known: Calendar, now: dt.datetime) -> Refusal | None:
        """Why this service cannot be requested for a day at any of its times, or None."""
        times: list[tuple[dt.time | None, TimeBlock | None]] = [(None, b) for b in self.blocks] or [(None, None)]
        if self.item.time_type is TimeType.STANDARD:
            times.append((opening.latest_start(self.item, day, known), None))
        refusal = None
        for start, block in times:
            refusal = limits.why_not_request(
                self.item, day, start_time=start, block=block, known=known, values=settings.read(), now=now
            )
            if refusal is None:
                return None
        return refusal


@dataclass(frozen=True)
class Offer:
    """All that the form lets one choose."""

    services: list[Service]
    pets: list[Pet]
    #: the client's prices of all days that can be requested; None where prices are not shown
    book: price_books.Book | None = None

    def service(self, key: str) -> Service | None:
        """The service behind a public id, if it is offered."""
        return next((s for s in self.services if s.key == key), None)

    def groups(self) -> Iterator[tuple[str, list[Service]]]:
        """Services under their groups' names; a single group needs no name."""
        found = [(name, list(own)) for name, own in groupby(self.services, lambda s: s.item.group.name if s.item.group else "")]  # fmt: skip
        yield from found if len(found) > 1 else [("", own) for _name, own in found]


#: built once: putting a statement with its options together takes longer than the database takes to answer it
_OFFERED = (
    sa.select(ServiceItem)
    .outerjoin(ServiceItem.group)
    .where(ServiceItem.is_active, ServiceItem.visible_in_portal)
    .options(joinedload(ServiceItem.group), joinedload(ServiceItem.time_blocks))
    .order_by(
        ServiceGroup.id.is_(None),
        ServiceGroup.position,
        ServiceGroup.name,
        ServiceItem.position,
        ServiceItem.name,
        ServiceItem.id,
    )
)


_AT_HOME = (
    sa.select(Pet).where(Pet.client_id == sa.bindparam("client_id"), Pet.status == PetStatus.ACTIVE).order_by(Pet.name)
)


def offer_for(client: Client, *, keep: Job | None = None) -> Offer:
    """Two queries: the services with group and blocks, the pets. Two more where prices are shown.

    With `keep`, that visit's own service and block are among them, whatever is offered by now.
    """
    items = db.session.scalars(_OFFERED).unique().all()
    book = _book(client)
    services = [
        Service(i, keep.time_block if keep and keep.service_item_id == i.id else None, _costs(i, client, book))
        for i in items
    ]
    if keep is not None and keep.service_item_id not in {i.id for i in items}:
        services.append(Service(keep.service_item, keep.time_block, _costs(keep.service_item, client, book)))
    # A block service whose blocks are all switched off has no time that could be chosen.
    services = [s for s in services if s.blocks or s.item.time_type is not TimeType.TIME_BLOCK]
    return Offer(services, list(db.session.scalars(_AT_HOME, {"client_id": client.id})), book)


def _book(client: Client) -> price_books.Book | None:
    values, today = settings.read(), clock.today()
    if not values["portal.show_prices"]:
        return None
    return price_books.load_book([client], today, today + dt.timedelta(days=values["booking.days_ahead"]))


def _costs(item: ServiceItem, client: Client, book: price_books.Book | None) -> tuple[Decimal, Decimal] | None:
    if book is None:
        return None
    one, two = (pricing.quote(item, n_pets=n, client=client, book=book).price for n in (1, 2))
    return one, two


def usual_pets(offer: Offer, lines: list[JobRequestLine]) -> list[str]:
    """The pets to begin with: those of the line that was added last, else the only one."""
    if lines:
        return [p.public_id for p in max(lines, key=lambda x: x.id).pets]
    return [offer.pets[0].public_id] if len(offer.pets) == 1 else []
