"""What the demo's sitters were paid: a run after each month, all but the last paid out; this month waits, with extras."""

import datetime as dt
from decimal import Decimal

from application.demo.founding import House
from application.demo.past import at
from foundation import clock
from workflows.actors import Actor
from workflows.pay import extras, previews, runs

N_RUNS = 11
_LATE = dt.time(9, 30)


def pay_out(house: House, *, actor: Actor) -> None:
    """Through the workflows, month by month."""
    firsts = [clock.today().replace(day=1)]
    while len(firsts) < N_RUNS:
        firsts.append((firsts[-1] - dt.timedelta(days=1)).replace(day=1))
    sitter = house.sitters[0]
    for n, first in enumerate(reversed(firsts)):
        with at(clock.from_local(first, _LATE)):
            is_last, upto = n == N_RUNS - 1, first - dt.timedelta(days=1)
            if is_last:
                extras.add(sitter, on_date=upto, text="Bonus for the holidays", amount=Decimal(40), actor=actor)
            seen = {s.staff.id: s.seen for s in previews.preview(upto).sitters if s.lines}
            if not seen:
                continue
            run = runs.make(upto, list(seen), actor=actor, key=None, seen=seen)
            if not is_last:
                runs.mark_all_paid(run, first, actor=actor)
    extras.add(sitter, on_date=clock.today(), text="Bus fare", amount=Decimal("6.40"), actor=actor)
