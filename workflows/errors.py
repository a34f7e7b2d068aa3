"""What a workflow says when it refuses. Front ends show `say(gettext)`; anything else that is raised is a bug."""

from collections.abc import Callable, Mapping


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


class Conflict(WorkflowError):
    """Somebody changed the same thing meanwhile."""
