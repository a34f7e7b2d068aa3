"""How large the businesses are that are measured."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Tier:
    """How large the business is. The week that is measured is as full in every tier, so that tiers can be compared."""

    name: str
    clients: int
    active: int
    pets: int
    visits: int
    years: float
    staff: int
    open_requests: int
    asking_clients: int
    peak_day: int
    peak_week: int
    activity: int


LARGE = Tier("large", 8_000, 2_000, 14_000, 900_000, 5.0, 60, 500, 320, 900, 3_500, 300_000)
QUICK = Tier("quick", 400, 100, 700, 45_000, 5.0, 6, 25, 20, 45, 175, 15_000)
#: for growth: so many times the clients and the history, and the same weeks to come
SHARES = {"tenth": 0.1, "third": 1 / 3, "large": 1.0, "triple": 3.0}


def grown(base: Tier, name: str) -> Tier:
    """The business with another share of clients and history; as many of its clients are active, if there are so many."""
    share = SHARES[name]
    clients = round(base.clients * share)
    return replace(
        base, name=name if base is LARGE else f"{base.name}_{name}", clients=clients, active=min(base.active, clients * 3 // 4),
        pets=round(base.pets * share), visits=round(base.visits * share), years=base.years * share,
        activity=round(base.activity * share),
    )  # fmt: skip
