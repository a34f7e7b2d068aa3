"""Which passwords are guessed first: the ones that most people choose, and words that stand beside the log-in.

As NIST SP 800-63B asks: compared with a list and with the account's own words, without rules about signs. The list of
30,000 comes with the package zxcvbn; its estimator is not used, because one made-up password keeps it busy for seconds.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache

from models import StaffLogin
from workflows import settings
from workflows.sign_ins import Login, client_of

#: so few signs before or after a word are tried as well: "Biscuit2026", "!sunshine1"
_FEW = 5
_ENDS = re.compile(r"^[\W\d_]*|[\W\d_]*$")
_NO_LETTER = re.compile(r"[\W_]+")
#: digits and signs that stand for letters in what people think of as a disguise
_DISGUISE = str.maketrans("0134578@$!", "oieastbasi")
_ROWS = ("qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "yxcvbnm", "zxcvbnm", "1234567890", "abcdefghijklmnopqrstuvwxyz")  # fmt: skip
#: ours, and the trade's
_OWN = frozenset({"latchkey", "dogwalker", "dogwalking", "petsitter", "petsitting", "catsitter", "doglover", "catlover", "walkies"})  # fmt: skip


def is_common(password: str, words: Iterable[str] = ()) -> bool:
    """Is it one that is guessed first? `words`: the names and addresses around the log-in, in any spelling.

    Also with a few digits and signs around it, with digits in place of letters, one short part over and over, or keys
    that lie side by side.
    """
    folded = password.casefold()
    known = {_joined(w) for w in words} | _OWN
    return any(x in _listed() or _joined(x) in known or _is_pattern(x) for x in _readings(folded)) or (
        len(set(folded)) < 3
    )


def words_of(login: Login | None) -> list[str]:
    """The words that somebody who guesses tries for this log-in: its names, addresses and number, pets, the business."""
    values = settings.read()
    words = [values["business.name"], values["business.email"] or ""]
    if isinstance(login, StaffLogin):
        words += _names(login.staff.first_name, login.staff.last_name)
    elif login is not None and (client := client_of(login)) is not None:
        words += [*_names(client.first_name, client.last_name), client.account_number, *(p.name for p in client.pets)]
    if login is not None:
        words.append(login.email or "")
    words += [w.partition("@")[0] for w in words if "@" in w]
    return [w for w in words if len(_joined(w)) > 2]


def _names(first: str, last: str) -> list[str]:
    return [first, last, first + last, last + first]


@cache
def _listed() -> frozenset[str]:
    """Loaded when the first password is set, as few processes ever need it."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(x for x in FREQUENCY_LISTS["passwords"] if len(x) > 3)


def _joined(word: str) -> str:
    return _NO_LETTER.sub("", word.casefold())


def _readings(folded: str) -> Iterator[str]:
    """The password, and what it is without a few signs at its ends, each also out of its disguise."""
    bare = _ENDS.sub("", folded)
    found = [folded] if len(folded) - len(bare) > _FEW or not bare else [folded, bare]
    yield from found
    yield from (x.translate(_DISGUISE) for x in found)


def _is_pattern(text: str) -> bool:
    """Keys side by side, forwards or backwards; or one part of at most four signs over and over."""
    if any(text in row * 2 or text in row[::-1] * 2 for row in _ROWS):
        return len(text) > 3
    return any(text == (text[:n] * len(text))[: len(text)] for n in range(1, 5)) and len(text) > 4
