"""Where a form says what a workflow refuses: beside the fields, and above the form what is about none."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext

from workflows.errors import Invalid, WorkflowError


class Said(str):
    """A sentence of a rule, told apart from what a field says of its own text."""

    __slots__ = ()


def point_out(form: Any, problem: WorkflowError, called: Mapping[str, str] | None = None) -> None:  # noqa: ANN401 -- any WTForms form
    """Put a refusal, and what else it says, into a form of WTForms.

    `called` says which field of the form is meant by a workflow's. Rules may say several things of one field, each
    once; one that could not be read has its sentence already, and gets no second one.
    """
    for one in problem.all if isinstance(problem, Invalid) else [problem]:
        name = (called or {}).get(one.field or "", one.field or "")
        said = Said(one.say(gettext))
        if not name or name not in form:
            form.form_errors = [*form.form_errors, said]
        elif said not in form[name].errors and all(isinstance(e, Said) for e in form[name].errors):
            form[name].errors = [*form[name].errors, said]
