"""Who is busy when, in quarters of an hour: keeps the made-up year free of visits that nobody could do."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

QUARTER = 15
A_DAY = 24 * 60 // QUARTER
WHOLE_DAY = (1 << A_DAY) - 1
#: how far from the wished start a fixed time may move, nearest first
SHIFTS = tuple(sorted((s for n in range(13) for s in {n * QUARTER, -n * QUARTER}), key=abs))


class Roster:
    """The sitters' days as bit masks, one bit a quarter."""

    def __init__(
        self, sitter_ids: Sequence[int], *, boarder_ids: Sequence[int], away: Iterable[tuple[int, dt.date]]
    ) -> None:
        self.boarder_ids = list(boarder_ids)
        self.route_ids = [i for i in sitter_ids if i not in boarder_ids]
        self.busy: dict[tuple[int, int], int] = defaultdict(int)
        self.n_visits: dict[tuple[int, int], int] = defaultdict(int)
        self.away = {(sitter_id, day.toordinal()) for sitter_id, day in away}
        #: half have the weekend off, the others two days of the week
        self.off = {s: (5, 6) if n % 9 < 4 else (n % 5, (n + 2) % 5) for n, s in enumerate(self.route_ids)}

    def works(self, sitter_id: int, day: dt.date) -> bool:
        """Neither the weekly day off nor away."""
        return day.weekday() not in self.off.get(sitter_id, ()) and (sitter_id, day.toordinal()) not in self.away

    def is_free(self, sitter_id: int, day: dt.date, start: int, minutes: int) -> bool:
        """Is there time from `start` (minutes after midnight) on?"""
        return not any(self.busy[sitter_id, day_no] & mask for day_no, mask in _masks(day, start, minutes))

    def take(self, sitter_id: int, day: dt.date, start: int, minutes: int) -> None:
        """Use up this time and the quarter of an hour after it, for the way."""
        for day_no, mask in _masks(day, start, minutes + QUARTER):
            self.busy[sitter_id, day_no] |= mask
        self.n_visits[sitter_id, day.toordinal()] += 1

    def find(
        self, sitter_id: int, day: dt.date, near: int, minutes: int, *, within: tuple[int, int] | None = None
    ) -> int | None:
        """A start near the wished one at which the sitter can do it; None when the day is too full."""
        day_no, n = day.toordinal(), -(-minutes // QUARTER) + 1
        two_days = self.busy[sitter_id, day_no] | self.busy[sitter_id, day_no + 1] << A_DAY
        mask = (1 << n) - 1
        for shift in SHIFTS:
            start = near + shift
            if within and not within[0] <= start <= within[1] - minutes:
                continue
            if not two_days & mask << start // QUARTER:
                return start
        return None

    def who(self, first_choice: int, day: dt.date) -> Iterable[int]:
        """Who can be asked on a day: the first choice, then the others, beginning with those next in line."""
        if first_choice in self.route_ids and self.works(first_choice, day):
            yield first_choice
        place = self.route_ids.index(first_choice) if first_choice in self.route_ids else 0
        for other in self.route_ids[place + 1 :] + self.route_ids[:place]:
            if self.works(other, day):
                yield other

    def has_room(self, sitter_id: int, day: dt.date, most: int) -> bool:
        """Has the sitter fewer than `most` visits on this day?"""
        return self.n_visits[sitter_id, day.toordinal()] < most

    def take_stay(self, first: dt.date, last: dt.date) -> int | None:
        """A boarder who has nothing at all from the first to the last day; that time is theirs then."""
        day_nos = range(first.toordinal(), last.toordinal() + 1)
        for boarder in self.boarder_ids:
            if not any(self.busy[boarder, n] or (boarder, n) in self.away for n in day_nos):
                for n in day_nos:
                    self.busy[boarder, n] = WHOLE_DAY
                return boarder
        return None


def _masks(day: dt.date, start: int, minutes: int) -> Iterable[tuple[int, int]]:
    """The quarters from `start` on, on each day they reach into."""
    first, n = start // QUARTER, -(-minutes // QUARTER)
    day_no = day.toordinal()
    while n > 0:
        here = min(n, A_DAY - first)
        yield day_no, ((1 << here) - 1) << first
        n, first, day_no = n - here, 0, day_no + 1
