"""Refusals: a code for programs, a sentence for people."""

from workflows.errors import Conflict, Invalid, NotAllowed, WorkflowError, WrongState


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
