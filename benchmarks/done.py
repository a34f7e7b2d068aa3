"""What a piece of work on many rows came to."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """How much was done in how many seconds."""

    name: str
    n: int
    seconds: float
    #: at least so many a second; 0: no figure is to be reached
    least: float = 0

    @property
    def per_second(self) -> float:
        """How many a second."""
        return self.n / self.seconds
