"""Who acts: a staff member, a client, the system; or a staff member on behalf of a client (impersonation)."""

from dataclasses import dataclass, fields

from foundation.twins import attached
from models import ActorKind, Client, ClientLogin, Staff, Via
from workflows.errors import N_, NotAllowed
from workflows.permissions import Permission, role_allows


@dataclass(frozen=True)
class Actor:
    """The person or process behind a change, as the log will name it."""

    kind: ActorKind
    name: str
    via: Via
    staff: Staff | None = None
    client: Client | None = None
    client_login: ClientLogin | None = None

    @property
    def on_behalf(self) -> bool:
        """A staff member in a client's portal."""
        return self.kind is ActorKind.STAFF and self.client is not None

    @property
    def staff_id(self) -> int | None:
        """Which member of staff it is."""
        return self.staff.id if self.staff is not None else None

    @property
    def is_client(self) -> bool:
        """Does this act count as the client's own wish? Also when the office does it for them."""
        return self.client is not None

    def may(self, permission: Permission) -> bool:
        """System may do everything; staff what their role says; clients nothing of the office."""
        if self.kind is ActorKind.SYSTEM:
            return True
        return self.staff is not None and self.staff.is_active and role_allows(self.staff.role, permission)

    def require(self, permission: Permission) -> None:
        """Refuse with NotAllowed unless the actor has the permission."""
        if not self.may(permission):
            raise NotAllowed("not_allowed", N_("Your account does not allow this."))


class StaffAtWork(Actor):
    """A member of staff as the request's sign-in found them: what they may is known, the entity is made for whoever asks.

    It is equal to the plain actor of the same person. What they may is as it was when the request began.
    """

    def __init__(self, read: Staff) -> None:
        vars(self).update(
            kind=ActorKind.STAFF, name=str(read), via=Via.OFFICE, client=None, client_login=None, _read=read
        )

    @property
    def staff(self) -> Staff:
        """The entity."""
        found: Staff = attached(vars(self)["_read"])
        return found

    @property
    def staff_id(self) -> int:
        """Without the entity."""
        found: int = vars(self)["_read"].id
        return found

    def may(self, permission: Permission) -> bool:
        """Without the entity."""
        read: Staff = vars(self)["_read"]
        return read.is_active and role_allows(read.role, permission)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Actor) and _parts(self) == _parts(other)

    def __hash__(self) -> int:
        return hash(_parts(self))


def _parts(actor: Actor) -> tuple[object, ...]:
    return tuple(getattr(actor, one.name) for one in fields(Actor))


def staff_actor(staff: Staff, via: Via = Via.OFFICE) -> Actor:
    """A staff member at work in the back office (or at the command line)."""
    return Actor(ActorKind.STAFF, str(staff), via, staff=staff)


def client_actor(client: Client, login: ClientLogin | None = None) -> Actor:
    """A client in the portal."""
    return Actor(ActorKind.CLIENT, str(client), Via.PORTAL, client=client, client_login=login)


def staff_as_client(staff: Staff, client: Client) -> Actor:
    """A staff member in `client`'s portal: logged as the staff member on behalf of the client."""
    return Actor(ActorKind.STAFF, str(staff), Via.PORTAL, staff=staff, client=client)


WORKER = Actor(ActorKind.SYSTEM, "Latchkey", Via.WORKER)
COMMAND_LINE = Actor(ActorKind.SYSTEM, "Command line", Via.COMMAND_LINE)
