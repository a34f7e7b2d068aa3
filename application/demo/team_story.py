"""What the sitters want of the office: days off that wait for an answer, others that are approved, a question."""

import datetime as dt

from application.demo.past import at
from application.demo.story import Part, Story
from models import Staff, TimeOff
from workflows import sitter_messages, time_off
from workflows.actors import staff_actor

DAY = dt.timedelta(days=1)


def sitas_wish(story: Story, hours: float) -> None:
    """Four days in two months: it waits."""
    _ask(story, story.house.sita, story.monday + 57 * DAY, 4, "My cousin gets married", hours)


def sams_dentist(story: Story, hours: float) -> None:
    """A day that was asked for and approved."""
    off = _ask(story, story.house.sam, story.monday + 31 * DAY, 1, "Dentist", hours)
    with at(story.ago(hours - 3)):
        time_off.approve(off, actor=story.max, answer="Of course. Sita takes your walks.")


def sams_question(story: Story, hours: float) -> None:
    """A word about a gate, and nobody has answered yet."""
    with at(story.ago(hours)):
        sitter_messages.write_as_sitter(
            story.house.sam, body="The side gate at Hannah's sticks when it rains. Shall I tell her, or will you?",
            actor=staff_actor(story.house.sam),
        )  # fmt: skip


def _ask(story: Story, sitter: Staff, first: dt.date, n: int, note: str, hours: float) -> TimeOff:
    with at(story.ago(hours)):
        return time_off.ask(sitter, first_on=first, last_on=first + (n - 1) * DAY, note=note, actor=staff_actor(sitter))


PARTS: tuple[Part, ...] = ((20, sitas_wish), (70, sams_dentist), (5, sams_question))
