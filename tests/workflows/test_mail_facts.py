"""Facts of mails survive the way through JSON, also when an older version wrote more or less."""

import dataclasses

import pytest

from workflows.activity import plain
from workflows.mail_facts import (
    FACTS,
    SENSITIVE_KINDS,
    JobScheduled,
    MailKind,
    RequestReceived,
    SetPassword,
    SitterSchedule,
    SitterScheduleEntry,
    SitterVisits,
    VisitFacts,
    from_json,
)

WALK = VisitFacts(
    "Dog walk", "2026-11-26", start_time="12:00", duration_minutes=30, pets=("Biscuit", "Mochi"), note="Gate: 12"
)
STAY = VisitFacts("Overnight", "2026-11-27", ends_on="2026-11-29")
EXAMPLES = {
    MailKind.REQUEST_RECEIVED: RequestReceived("Alice Archer", "4417209318", 7, (WALK, STAY), added=True, n_kept_back=1),
    MailKind.JOB_SCHEDULED: JobScheduled("Alice Archer", "4417209318", 7, (WALK,), "See you!"),
    MailKind.SITTER_VISIT_MOVED: SitterVisits("Sam", "Alice Archer", (WALK,), before=(STAY,)),
    MailKind.SITTER_SCHEDULE: SitterSchedule("Sam", "2026-11-26", (SitterScheduleEntry("Alice Archer", "1 High St", WALK),), ("a → b",)),
    MailKind.SET_PASSWORD: SetPassword("Alice", "client", 3, 1, "invitation", "4417209318"),
}  # fmt: skip


def test_every_kind_has_its_facts():
    assert set(FACTS) == set(MailKind)
    assert all(dataclasses.is_dataclass(f) for f in FACTS.values())
    assert {
        MailKind.SET_PASSWORD, MailKind.SITTER_REQUEST_MESSAGE, MailKind.REGISTRATION_LINK, MailKind.REGISTRATION_KNOWN,
    } == SENSITIVE_KINDS  # fmt: skip


@pytest.mark.parametrize("kind", EXAMPLES, ids=str)
def test_facts_come_back_as_they_were(kind):
    assert from_json(kind, plain(dataclasses.asdict(EXAMPLES[kind]))) == EXAMPLES[kind]


def test_facts_of_an_older_version_are_read_without_what_is_gone():
    stored = plain(dataclasses.asdict(EXAMPLES[MailKind.JOB_SCHEDULED])) | {"of_old": [{"x": 1}]}
    stored["visits"][0]["weather"] = "fine"
    assert from_json(MailKind.JOB_SCHEDULED, stored) == EXAMPLES[MailKind.JOB_SCHEDULED]


def test_facts_of_an_older_version_get_the_defaults_of_what_is_new():
    stored = {"client_name": "Alice Archer", "account_number": "4417209318", "request_number": 7, "lines": []}
    assert from_json(MailKind.REQUEST_RECEIVED, stored) == RequestReceived("Alice Archer", "4417209318", 7, ())
