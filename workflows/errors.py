"""What a workflow says when it refuses. Front ends show `say(gettext)`; anything else that is raised is a bug."""

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self


def N_(message: str) -> str:  # noqa: N802 -- the customary name of gettext's marker
    """Mark a text for translation; it is translated where it is shown."""
    return message


class WorkflowError(Exception):
    """A refusal: a stable `code`, a sentence for people with its values, and the form field it is about."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str | None = None,
        values: Mapping[str, object] | None = None,
        **more: object,
    ) -> None:
        self.code = code
        self.message = message
        self.field = field
        self.values = {**(values or {}), **more}
        super().__init__(self.say())

    def say(self, translate: Callable[[str], str] = str) -> str:
        """The sentence in the reader's language."""
        text = translate(self.message)
        return text % self.values if self.values else text


class NotAllowed(WorkflowError):
    """The actor may not do this, now or ever."""


class WrongState(WorkflowError):
    """The thing is no longer (or not yet) in a state that allows it; usually somebody else was first."""


class Invalid(WorkflowError):
    """What was asked for makes no sense; the sentence says what would."""

    #: what else is wrong with the same values, each about another field
    also: Sequence["Invalid"] = ()

    @property
    def all(self) -> list["Invalid"]:
        """This refusal and what else is wrong: what a form shows at once."""
        return [self, *self.also]


class Conflict(WorkflowError):
    """Somebody changed the same thing meanwhile."""


class Refusals:
    """Gathers what several checks of one form refuse: `with refusals:` around each, `refusals.say()` after the last.

    A field is refused once, by the first check that refuses it.
    """

    def __init__(self) -> None:
        self.found: list[Invalid] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if not isinstance(problem, Invalid):
            return False
        said = {one.field for one in self.found if one.field}
        self.found += [one for one in problem.all if one.field not in said]
        return True

    def say(self) -> None:
        """Raise what was found, if anything: the first refusal, and in its `also` the others."""
        if self.found:
            first, *others = self.found
            first.also = tuple(others)
            raise first
