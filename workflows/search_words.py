"""Words as the search compares them: folded, with their ends and their near spellings as tokens of a full-text index.

Full text finds words and their beginnings. So that it finds a part of a word ("cher" in Archer) and a word with one
slip ("Arhcer"), the index holds two helpers of each word besides: its ends ("-cher"), and the word with each letter left
out in turn ("~arcer"). Two spellings that differ by one letter, or by two that changed places, share one of those.
"""

import re
import unicodedata
from collections.abc import Iterable

#: a slip is forgiven in words from this length on
FORGIVING = 5
_LONGEST, _MOST_WORDS = 40, 6
#: at least so many letters of a part of a word
PART = 3
_WORD = re.compile(r"[^\W_]+")
#: what joins two halves of a name
_JOINT = re.compile(r"(?<=\w)['\u2019-](?=\w)")
_NUMBER = re.compile(r"[\d\s()+./-]*\d[\d\s()+./-]*")
#: letters that no accent can be taken off
_PLAIN = str.maketrans({"ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "\u0131": "i", "ð": "d", "þ": "th"})


def fold(text: str | None) -> str:
    """Small letters without accents: "Zoë Straße" is "zoe strasse"."""
    if not text or text.isascii():
        return (text or "").casefold()
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in spread if not unicodedata.combining(c)).translate(_PLAIN)


def words_in(*texts: str | None) -> list[str]:
    """The words of some texts in their order, each once. "O'Hara" is o, hara and ohara."""
    found: list[str] = []
    for text in texts:
        folded = fold(text)
        found += _WORD.findall(folded)
        if _JOINT.search(folded):
            found += _WORD.findall(_JOINT.sub("", folded))
    return list(dict.fromkeys(w[:_LONGEST] for w in found))


def number_in(text: str | None) -> str:
    """The digits of a phone or account number."""
    return "".join(c for c in (text or "") if c.isdecimal() and c.isascii())[:_LONGEST]


def asked(text: str) -> list[str]:
    """The words that somebody looks for, six at most; "4417 209 318" is one number, also behind a name.

    A leading zero is no part of a phone number as it is kept (+44…).
    """
    folded = fold(text.replace("\0", " ")[:200])
    if _NUMBER.fullmatch(folded):
        folded = number_in(folded)
    folded = re.sub(r"(?<=\d)[\s()+./-]+(?=\d)", "", folded)
    found = [w[:_LONGEST] for w in _WORD.findall(folded)]
    found = [w.lstrip("0") or w if w.isdecimal() else w for w in found]
    return list(dict.fromkeys(found))[:_MOST_WORDS]


def tokens(words: Iterable[str], forgiving: Iterable[str]) -> str:
    """What the index holds for some words; slips are forgiven in those of `forgiving`."""
    found: dict[str, None] = {}
    for word in words:
        found[word] = None
        found |= dict.fromkeys(f"-{word[start:]}" for start in range(1, len(word) - PART + 1))
    for word in forgiving:
        if FORGIVING <= len(word) <= 20 and not word.isdecimal():
            found |= dict.fromkeys(f"~{near}" for near in _near(word))
    return " ".join(found)


def near_tokens(word: str) -> list[str]:
    """The tokens of the spellings near an asked word."""
    is_word = FORGIVING - 1 <= len(word) <= 21 and not word.isdecimal()
    return [f"~{near}" for near in _near(word)] if is_word else []


def _near(word: str) -> list[str]:
    """The word, and the word with each letter left out."""
    return list(dict.fromkeys([word, *(word[:i] + word[i + 1 :] for i in range(len(word)))]))


def is_one_slip(asked_word: str, word: str) -> bool:
    """Is one letter wrong, missing or too many, or have two neighbours changed places?"""
    if len(word) < FORGIVING or abs(len(word) - len(asked_word)) > 1:
        return False
    same = next(
        (i for i, (a, b) in enumerate(zip(asked_word, word, strict=False)) if a != b), min(len(asked_word), len(word))
    )
    mine, theirs = asked_word[same:], word[same:]
    return (
        mine[1:] == theirs[1:]
        or mine[1:] == theirs
        or mine == theirs[1:]
        or (mine[:2] == theirs[1::-1] and mine[2:] == theirs[2:] and len(mine) > 1)
    )
