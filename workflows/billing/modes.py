"""Whose money moves in this process: set once when the app starts, as the file store is; never by a person.

Cards and bank accounts of another mode are not the business's own: the demo's must not serve once real keys are set.
"""

from gateways.payments import Mode, PaymentGateway
from models import GatewayMode
from workflows.errors import N_, WrongState

_current: GatewayMode | None = None


def use(mode: Mode) -> None:
    """Make this the mode of the process; "off" is none."""
    global _current  # noqa: PLW0603 -- one gateway a process, chosen by its configuration
    _current = None if mode == "off" else GatewayMode(mode)


def current() -> GatewayMode | None:
    """The mode of the gateway that this process has; None when it has none."""
    return _current


def of(gateway: PaymentGateway) -> GatewayMode:
    """The gateway's mode, refused with WrongState where there is no gateway."""
    mode = gateway.mode()
    if mode == "off":
        raise WrongState("no_gateway", N_("Payments online are not set up."))
    return GatewayMode(mode)


def note(mode: Mode) -> str:
    """What every page says while no money moves; empty when it does, or when there is no gateway."""
    if mode == "demo":
        return N_("Demo payments: no money moves.")
    return N_("Test payments: no money moves.") if mode in {"development", "sandbox"} else ""
