"""Refusals: a code for programs, a sentence for people."""

import pytest

from workflows.errors import Conflict, Invalid, NotAllowed, Refusals, WorkflowError, WrongState


def test_refusal_says_its_sentence_with_its_values():
    refusal = Invalid("too_many", "At most %(most)s.", field="dates", most=5)
    assert (refusal.code, refusal.field, str(refusal), refusal.say()) == (
        "too_many",
        "dates",
        "At most 5.",
        "At most 5.",
    )


def test_refusal_is_translated_before_its_values_are_put_in():
    refusal = Invalid("too_many", "At most %(most)s.", most=5)
    assert refusal.say({"At most %(most)s.": "Höchstens %(most)s."}.__getitem__) == "Höchstens 5."


def test_refusal_without_values_may_hold_percent_signs():
    assert WrongState("x", "100% sure").say() == "100% sure"


def test_every_refusal_is_a_workflow_error():
    assert all(issubclass(kind, WorkflowError) for kind in (Conflict, Invalid, NotAllowed, WrongState))


def refused(field, code="x"):
    raise Invalid(code, f"{field} is wrong.", field=field)


def test_several_checks_are_asked_and_all_they_refuse_is_said_at_once():
    refusals = Refusals()
    for field in ("name", "email", None):
        with refusals:
            refused(field)
    with pytest.raises(Invalid, match="name is wrong") as said:
        refusals.say()
    assert [one.field for one in said.value.all] == ["name", "email", None]


def test_a_field_is_refused_once_and_nested_checks_are_taken_apart():
    inner, outer = Refusals(), Refusals()
    for code in ("first", "second"):
        with inner:
            refused("price", code)
    with inner:
        refused("code")
    with outer:
        refused("code", "seen first")
    with outer:
        inner.say()
    assert [(one.field, one.code) for one in outer.found] == [("code", "seen first"), ("price", "first")]


def test_only_what_makes_no_sense_is_gathered_and_nothing_found_says_nothing():
    refusals = Refusals()
    refusals.say()
    with pytest.raises(WrongState), refusals:
        raise WrongState("gone", "It is gone.")
    assert refusals.found == []
