"""How far invitations have come: as a chip, and as a filter of the clients. Orders for many: `invitation_orders`."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from admin_site import filters, texts, words
from models import Client
from workflows import invitations
from workflows.invitations import InvitationState
from workflows.sign_ins import Login

_KINDS = {
    InvitationState.NONE: "mute",
    InvitationState.INVITED: "req",
    InvitationState.EXPIRED: "late",
    InvitationState.ACCEPTED: "ok",
    InvitationState.CLOSED: "off",
}


def state_chip(login: Login | None) -> tuple[str, str]:
    """Kind and word: not invited, invited on a day, expired, has a password, closed."""
    state = invitations.state_of(login)
    invited = texts.moment_words(login.invited_at, inside=True) if login is not None and login.invited_at else ""
    dated = {
        InvitationState.INVITED: gettext("Invited %(when)s", when=invited),
        InvitationState.EXPIRED: gettext("Expired, invited %(when)s", when=invited),
    }
    return _KINDS[state], dated.get(state) or words.word(state)


class InvitedFilter(filters.Choice):
    """Clients by how far their household's invitation has come."""

    def __init__(self) -> None:
        super().__init__("invited", Client.id, _l("Invitation"), InvitationState)

    def where(self, value: str) -> Any:
        return invitations.household_is(InvitationState(value))
