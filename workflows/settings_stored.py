"""How the settings come out of the database: as two texts, which a statement that is asked anyway can bring along."""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from foundation.json_text import as_json_object
from models import RolePermission, Setting

_setting, _ticked = Setting.__table__.c, RolePermission.__table__.c
_tick = sa.type_coerce(_ticked.role, sa.String) + "/" + _ticked.permission
#: all that was changed from its default, and what the owner ticked for the roles
AS_TEXTS = (
    sa.select(as_json_object(_setting.key, _setting.value)).scalar_subquery(),
    sa.select(as_json_object(_tick, _ticked.is_allowed)).scalar_subquery(),
)
#: the same alone, built once
ALL = sa.select(*AS_TEXTS)


def stored(text: str | None) -> Mapping[str, Any]:
    """The values by their key, of the first text."""
    found: dict[str, Any] = json.loads(text or "{}")
    return found


def ticks(text: str | None) -> Mapping[tuple[str, str], bool]:
    """(role, permission) -> may they, of the second."""
    pairs = ((name.partition("/"), is_allowed) for name, is_allowed in json.loads(text or "{}").items())
    return {(role, permission): bool(is_allowed) for (role, _, permission), is_allowed in pairs}
