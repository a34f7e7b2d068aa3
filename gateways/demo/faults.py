"""Trouble on demand, for tests: answers that are lost, late or nonsense, before or after the work is done."""

import threading
from dataclasses import dataclass
from random import Random

#: kinds that happen below HTTP; the transports know what to do
BELOW = frozenset({"hang", "reset", "refused", "dns", "connect_timeout"})


@dataclass
class Fault:
    """`kind`: one of BELOW; "html", "empty", "xml" (a 200 about something else), "slow"; a status; or an error's code."""

    op: str
    kind: str
    after: bool
    times: int | None
    seconds: float
    chance: float


class Lost(Exception):
    """The connection ended without an answer; `kind` is one of BELOW."""

    def __init__(self, kind: str, seconds: float) -> None:
        super().__init__(kind)
        self.kind = kind
        self.seconds = seconds


class Faults:
    """The faults that wait for their calls."""

    def __init__(self, seed: int = 0) -> None:
        self._waiting: list[Fault] = []
        self._random = Random(seed)
        self._lock = threading.Lock()

    def add(self, op: str, kind: str, *, times: int | None = 1, seconds: float = 2, chance: float = 1) -> None:
        """`kind` ends in _before (nothing was done) or _after (it was done, and the answer is lost); `op` "*" is any."""
        name, _, when = kind.rpartition("_")
        if when not in {"before", "after"}:
            raise ValueError(f"{kind} says neither before nor after")
        with self._lock:
            self._waiting.append(Fault(op, name, when == "after", times, seconds, chance))

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def are_over(self) -> bool:
        """Did all that were to happen a number of times happen?"""
        with self._lock:
            return all(fault.times is None for fault in self._waiting)

    def take(self, op: str) -> Fault | None:
        """The first that waits for this call and whose chance comes up; counted as used."""
        with self._lock:
            for fault in self._waiting:
                if fault.op in {op, "*"} and self._random.random() < fault.chance:
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self._waiting.remove(fault)
                    return fault
        return None
