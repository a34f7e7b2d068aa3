"""The action of a list that changes one field of its ticked rows; `list_edits` has its pages."""

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l

from admin_site.bulk import bulk
from workflows import list_edits
from workflows.actors import Actor


class EditsRows:
    """Mixed into a list: the action that changes one field of its ticked rows."""

    actor: Actor
    model: type[Any]

    @bulk("edit", _l("Change one field"), most=list_edits.MOST)
    def action_edit(self: Any, records: Sequence[Any]) -> Any:
        """What is asked and shown first; then an order that can be followed and undone."""
        from admin_site.list_edits import ask  # it needs the lists itself

        return ask(self, records)

    def is_action_allowed(self, name: str) -> bool:
        """Whoever may change one record may change many."""
        if name == "edit" and not self.actor.may(list_edits.TABLES[self.model.__tablename__].permission):
            return False
        allowed: bool = super().is_action_allowed(name)  # type: ignore[misc]  # the list's own
        return allowed
