"""What people type, without the characters that nobody sees and that no database, mail or list should carry."""

import re

#: control characters but tab and line break, halves of characters, and the marks that turn the direction of all text
#: behind them: a name with one of those would make the times and prices beside it read backwards
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """The text with plain line breaks and without unseen characters; spaces at its ends stay."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def tidy(text: str) -> str:
    """The same without the space around it."""
    return visible(text).strip()


def open_ended(day: str) -> str:
    """A day in words without the dot of a shortened month at its end (`3. Dez.` in German): most days end a sentence,
    whose full stop would stand there twice."""
    return day.removesuffix(".")
