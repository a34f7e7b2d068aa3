"""Packages of visits: what is sold together, who bought one, and which visits drew from it."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import amount, created_at, pk, public_id, short_text, utc
from tables.catalogue import ServiceGroup, ServiceItem
from tables.columns import fk
from tables.jobs import Job
from tables.people import Client


class VisitPackage(Base):
    """A number of visits sold together, such as ten walks for the price of nine."""

    __tablename__ = "visit_package"
    id: Mapped[pk]
    name: Mapped[short_text] = mapped_column(unique=True)
    #: of this item, or of any item of the group
    service_item_id: Mapped[int | None] = fk("service_item.id", ondelete="CASCADE")
    service_group_id: Mapped[int | None] = fk("service_group.id", ondelete="CASCADE")
    n_visits: Mapped[int]
    price: Mapped[amount]
    #: from the day it is bought; None never ends
    valid_days: Mapped[int | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    service_item: Mapped[ServiceItem | None] = relationship()
    service_group: Mapped[ServiceGroup | None] = relationship()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("n_visits BETWEEN 1 AND 1000", name="n_visits"),
        sa.CheckConstraint("price >= 0", name="price"),
        sa.CheckConstraint("(service_item_id IS NULL) <> (service_group_id IS NULL)", name="scope"),
    )

    def __str__(self) -> str:
        return self.name


class ClientPackage(Base):
    """A package that a client bought; visits draw from it until it is used up or has run out."""

    __tablename__ = "client_package"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = fk("client.id", index=False)
    visit_package_id: Mapped[int | None] = fk("visit_package.id", ondelete="SET NULL")
    name: Mapped[short_text]
    service_item_id: Mapped[int | None] = fk("service_item.id")
    service_group_id: Mapped[int | None] = fk("service_group.id")
    n_visits: Mapped[int]
    price: Mapped[amount]
    bought_on: Mapped[dt.date]
    #: the last day on which a visit may draw from it
    expires_on: Mapped[dt.date | None]
    #: the line that sold it
    invoice_line_id: Mapped[int | None] = fk("invoice_line.id", ondelete="SET NULL")
    ended_at: Mapped[utc | None]
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship()
    visit_package: Mapped[VisitPackage | None] = relationship()
    service_item: Mapped[ServiceItem | None] = relationship()
    service_group: Mapped[ServiceGroup | None] = relationship()
    uses: Mapped[list["PackageUse"]] = relationship(back_populates="package", order_by="PackageUse.id")
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (sa.Index("ix_client_package_client_id", "client_id", "ended_at"),)

    def __str__(self) -> str:
        return self.name


class PackageUse(Base):
    """One visit that a package pays for."""

    __tablename__ = "package_use"
    id: Mapped[pk]
    package_id: Mapped[int] = fk("client_package.id", ondelete="CASCADE", index=False)
    job_id: Mapped[int] = fk("job.id", ondelete="CASCADE", unique=True)
    #: 1 to the package's number of visits: two visits at once cannot take the same
    position: Mapped[int]
    created_at: Mapped[created_at]
    package: Mapped[ClientPackage] = relationship(back_populates="uses")
    job: Mapped[Job] = relationship()
    __table_args__ = (sa.UniqueConstraint("package_id", "position"),)
