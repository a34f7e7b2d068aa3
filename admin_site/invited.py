"""How far an invitation has come, as a chip."""

from flask_babel import gettext

from admin_site import texts
from workflows import invitations
from workflows.invitations import InvitationState
from workflows.sign_ins import Login


def state_chip(login: Login | None) -> tuple[str, str]:
    """Kind and word: not invited, invited on a day, expired, has a password, closed."""
    state = invitations.state_of(login)
    invited = texts.moment_words(login.invited_at, inside=True) if login is not None and login.invited_at else ""
    return {
        InvitationState.NONE: ("mute", gettext("Not invited")),
        InvitationState.INVITED: ("req", gettext("Invited %(when)s", when=invited)),
        InvitationState.EXPIRED: ("late", gettext("Expired, invited %(when)s", when=invited)),
        InvitationState.ACCEPTED: ("ok", gettext("Has a password")),
        InvitationState.CLOSED: ("off", gettext("Closed")),
    }[state]
