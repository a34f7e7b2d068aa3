"""The first step of what is begun for a client: whose is it?"""

from collections.abc import Sequence

import sqlalchemy as sa
from flask import request, url_for

from admin_site import search
from admin_site.pages import Answer, faces, page
from foundation.db import db
from models import Client, ClientStatus

MOST_FOUND = 25


def choose(target: str, title: str, list_of: tuple[str, str]) -> Answer:
    """Find a client by name, pet, mail or number; each leads to `target` with its number. `list_of`: (endpoint, title)."""
    typed = search.tidy(request.args.get("search"))
    found = find(typed)
    return page(
        "choose_client.html", search=typed, clients=found[:MOST_FOUND], has_more=len(found) > MOST_FOUND, target=target,
        title=title, faces=faces, back=(list_of[1], url_for(list_of[0])),
    )  # fmt: skip


def find(typed: str) -> Sequence[Client]:
    """Clients that a search finds, with their pets, by name; one more than are shown."""
    statement = sa.select(Client).where(Client.status != ClientStatus.ARCHIVED)
    if typed:
        statement = statement.where(search.clients(typed))
    return db.session.scalars(
        statement.options(sa.orm.selectinload(Client.pets))
        .order_by(Client.last_name, Client.first_name, Client.id)
        .limit(MOST_FOUND + 1)
    ).all()
