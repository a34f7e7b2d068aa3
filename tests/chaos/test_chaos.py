"""Every main journey is under way while something breaks. Afterwards nothing acknowledged is lost, and nothing is doubled.

The short form breaks each thing once, in a fixed order, at moments of a fixed seed. `make chaos N=20` goes on for so many rounds, in an
order and at moments of its own; it prints its seed, and `CHAOS_SEED=…` repeats it.
"""

import os
import secrets
import sys
from collections.abc import Callable

import pytest

from tests.chaos.conftest import Town, describe, town
from tests.own_servers import until

#: a part of a fault's name, to look at that one alone
ONLY = os.environ.get("CHAOS_ONLY", "")
ROUNDS = int(os.environ.get("CHAOS_ROUNDS") or 0)


@pytest.fixture(autouse=True)
def _stopped_clock():
    """It runs here: other processes live in real time, so this one does too."""


# ---------------------------------------------------------------------------------------------- processes of the house


def one_web_process_is_killed(it: Town) -> None:
    it.house.kill_child(it.house.web_workers)


def the_web_server_is_killed(it: Town) -> None:
    it.house.kill_web()


def the_worker_is_killed(it: Town) -> None:
    it.n_kills += 1
    it.house.kill_worker()


def the_worker_is_killed_in_the_middle_of_an_import(it: Town) -> None:
    it.n_kills += 1
    it.imports.order(it.wait)
    it.wait(it.imports.is_in_the_middle)
    it.house.kill_worker()
    assert it.imports.is_in_the_middle(), "the import ended before the worker did"
    it.house.open()
    it.wait(it.imports.is_done)


def one_process_of_the_worker_is_killed(it: Town) -> None:
    it.n_kills += 1
    it.house.kill_child(it.house.task_workers)


def all_are_asked_to_end(it: Town) -> None:
    it.house.stop()


# ------------------------------------------------------------------------------------------------------------- servers


def the_database_is_killed(it: Town) -> None:
    it.n_kills += 1
    it.postgres.kill()
    it.postgres.start()


def the_database_is_away_for_a_while(it: Town) -> None:
    it.n_kills += 1
    it.postgres.stop()
    before = it.seen.answers[503]
    until(lambda: it.seen.answers[503] > before + 10, seconds=240, saying=lambda: it.seen)
    it.postgres.start()


def one_connection_of_the_database_is_killed(it: Town) -> None:
    it.n_kills += 1
    it.postgres.kill_one()


def the_queue_is_killed(it: Town) -> None:
    it.redis.kill()
    steps = it.steps()
    it.wait(lambda: it.steps() > steps + 5)
    it.redis.start()


# -------------------------------------------------------------------------------------------------------- other machines


def the_mail_server_never_answers(it: Town) -> None:
    it.postbox.silence = 3600  # ends when the worker hangs up: only then its patience was tried
    it.wait(lambda: it.n_mails_given_up_on() > 0)
    steps = it.steps()
    it.wait(lambda: it.steps() > steps + 5)
    it.postbox.silence = 0


def the_gateway_hangs_after_it_charged(it: Town) -> None:
    """Two seconds of silence, then the line ends without an answer."""
    it.gateway.simulator.fault("sale", "hang_after", times=1, seconds=2)
    _until_that_has_happened(it)


def the_gateway_hangs_before_it_charges(it: Town) -> None:
    it.gateway.simulator.fault("sale", "hang_before", times=2, seconds=2)
    _until_that_has_happened(it)


def _until_that_has_happened(it: Town) -> None:
    it.wait(it.gateway.simulator.faults.are_over)
    tried = len(it.money.tried)
    it.wait(lambda: len(it.money.tried) > tried)


# ---------------------------------------------------------------------------------------------------------------- disk


def the_disk_is_full(it: Town) -> None:
    before = it.seen.answers[503]
    with it.house.no_room():
        until(lambda: it.seen.answers[503] > before + 5, seconds=240, saying=lambda: it.seen)


def the_disk_of_the_database_is_full(it: Town) -> None:
    it.n_kills += 1
    before, refused = it.seen.answers[503], it.postgres.n_refused()
    with it.postgres.no_room():
        until(
            lambda: it.seen.answers[503] > before + 5 and it.postgres.n_refused() > refused,
            seconds=240, saying=lambda: (it.seen, it.postgres.last_words()),
        )  # fmt: skip


Fault = Callable[[Town], None]
#: what brings its own people: the worker would send the mails of all others first
ALONE: set[Fault] = {the_worker_is_killed_in_the_middle_of_an_import}
#: what is broken in one go in the short form: each thing once, on one of the two databases at least
STAGES: dict[str, list[tuple[Fault, ...]]] = {
    "sqlite": [
        (one_web_process_is_killed, one_process_of_the_worker_is_killed),
        (the_web_server_is_killed, the_worker_is_killed),
        (the_mail_server_never_answers, the_gateway_hangs_after_it_charged),
        (the_disk_is_full,),
        (the_worker_is_killed_in_the_middle_of_an_import,),
    ],
    "postgres": [
        (the_database_is_killed, the_gateway_hangs_before_it_charges),
        (the_database_is_away_for_a_while,),
        (one_connection_of_the_database_is_killed, the_queue_is_killed),
        (the_disk_of_the_database_is_full,),
        (the_worker_is_killed_in_the_middle_of_an_import,),
        (all_are_asked_to_end,),
    ],
}  # fmt: skip
EVERYWHERE: list[Fault] = [
    one_web_process_is_killed, one_process_of_the_worker_is_killed, the_web_server_is_killed, the_worker_is_killed,
    all_are_asked_to_end, the_mail_server_never_answers, the_gateway_hangs_after_it_charged,
    the_gateway_hangs_before_it_charges, the_worker_is_killed_in_the_middle_of_an_import,
]  # fmt: skip
FAULTS: dict[str, list[Fault]] = {
    "sqlite": [*EVERYWHERE, the_disk_is_full],
    "postgres": [
        *EVERYWHERE, the_database_is_killed, the_database_is_away_for_a_while, one_connection_of_the_database_is_killed,
        the_queue_is_killed, the_disk_of_the_database_is_full,
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["sqlite", pytest.param("postgres", marks=[pytest.mark.own_postgres, pytest.mark.redis])]
)
def test_whatever_breaks_nothing_acknowledged_is_lost_and_nothing_is_doubled(kind, tmp_path):
    seed = int(os.environ.get("CHAOS_SEED") or (secrets.randbelow(10**9) if ROUNDS else 1))
    with town(kind, tmp_path, seed=seed) as it:
        stages = [(it.random.choice(FAULTS[kind]),) for _ in range(ROUNDS)] if ROUNDS else STAGES[kind]
        if ONLY:
            stages = [(fault,) for fault in FAULTS[kind] if ONLY in fault.__name__]
        for n, faults in enumerate(stages, 1):
            sys.stderr.write(f"CHAOS_SEED={seed} {kind} {n}/{len(stages)}: {', '.join(map(describe, faults))}\n")
            (it.alone if set(faults) <= ALONE else it.during)(*faults)
