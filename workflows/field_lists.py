"""Which custom fields the office's lists of clients, pets, the team and report cards show as columns: at most three each, for everybody."""

import re
from collections.abc import Sequence

from models import FieldArea
from workflows import settings
from workflows.actors import Actor
from workflows.errors import N_, Invalid

#: more columns make a list of cards on a phone and nothing for the eye on a desk
MOST = 3
#: the setting that keeps them, public ids with commas between
KEYS = {
    FieldArea.CLIENT: "lists.client_fields", FieldArea.PET: "lists.pet_fields",
    FieldArea.STAFF: "lists.staff_fields", FieldArea.REPORT: "lists.report_fields",
}  # fmt: skip


def chosen(area: FieldArea) -> list[str]:
    """The public ids of the chosen fields, in order; some may be retired or gone by now."""
    return [part for part in str(settings.read()[KEYS[area]] or "").split(",") if part][:MOST]


def choose(area: FieldArea, public_ids: Sequence[str], *, actor: Actor) -> bool:
    """Show these fields as columns, for everybody; logged as a setting. False when nothing is different.

    Refused with Invalid when there are more than three; with NotAllowed for who may not design fields.
    """
    ids = [i for i in dict.fromkeys(public_ids) if re.fullmatch(r"[A-Za-z0-9_-]{1,16}", i)]
    if len(ids) > MOST:
        raise Invalid("too_many", N_("Choose at most %(most)s."), field="columns", most=MOST)
    return bool(settings.change({KEYS[area]: ",".join(ids)}, actor=actor))
