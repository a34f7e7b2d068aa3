"""The texts of Latchkey in other languages: `translations/<language>/LC_MESSAGES/messages.po`.

    texts.py update            take the code's texts into every catalogue; new ones are empty, gone ones are dropped
    texts.py compile           make the .mo files that the program reads, where a .po is newer
    texts.py missing [LANG]    print what is not translated yet, as JSON: {"text": "", "one": ["", ""]}
    texts.py fill FILE [LANG]  write such a JSON, filled in, into the catalogue

`make texts`, `make texts-missing` and `make texts-fill FILE=...` call it. The .po is sorted, without line numbers and
dates, so that two people's new texts seldom meet in a merge. The .mo is built, never committed.
"""

import datetime as dt
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
#: where texts are; the tests and tools of developers have none
FOLDERS = (
    "admin_site", "api", "application", "client_portal", "documents", "foundation", "gateways", "mail_templates", "mailer",
    "settings_ui", "sign_in", "sitter_portal", "tables", "ui_kit", "workflows",
)  # fmt: skip
#: words that an office may change are whole files in each language, with merge codes in place of values
DEFAULT_WORDS = re.compile(r"words(\.\w+)?\.txt")
METHODS = {".py": "python", ".html": "jinja2", ".txt": "jinja2"}
#: beside gettext's own: our markers for texts that are translated where they are shown (NN_ with a plural or without), and
#: the lazy ones
KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS, "N_": None, "NN_": {1: None, 2: (1, 2)}, "_l": None, "lazy_gettext": None, "lazy_pgettext": ((1, "c"), 2),
}  # fmt: skip
#: what a translation must carry over as it is: values, markup, merge codes
HOLDERS = re.compile(r"%\(\w+\)[sd]|%%|\{[^{}\s]*\}|</?[a-z]+[^<>]*>")
#: the same in every run, or each would change the file
WHEN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HEAD = "# Latchkey's texts. `make texts` keeps this file; translate the empty ones."


def catalogues() -> dict[str, Path]:
    """Each language that has one, with its .po."""
    return {path.parts[-3]: path for path in sorted(ROOT.glob("translations/*/LC_MESSAGES/messages.po"))}


def read(language: str) -> Catalog:
    with catalogues()[language].open("rb") as file:
        return read_po(file, locale=language)


def extracted() -> Catalog:
    """Every text that the code marks as one, as a catalogue without translations."""
    found = Catalog(project="Latchkey", fuzzy=False)
    for path in _sources():
        method = METHODS[path.suffix]
        # A template that cannot be read must be heard of, not skipped.
        options = {"silent": "false", "extensions": "jinja2.ext.do"} if method == "jinja2" else {}
        for _line, message, comments, context in extract_from_file(method, path, KEYWORDS, options=options):
            texts = message if isinstance(message, tuple) else (message,)
            if all(texts):
                found.add(message, auto_comments=comments, context=context)
    return found


def _sources() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in METHODS and "static" not in path.parts and not DEFAULT_WORDS.fullmatch(path.name):
                yield path


def update() -> None:
    template = extracted()
    for language, path in catalogues().items():
        catalogue = read(language)
        catalogue.update(template, no_fuzzy_matching=True, update_header_comment=False)
        _write(path, catalogue)
        print(f"{language}: {len(catalogue)} texts, {len(missing(catalogue))} not translated")


def _write(path: Path, catalogue: Catalog) -> None:
    catalogue.header_comment = HEAD
    catalogue.creation_date = catalogue.revision_date = WHEN
    catalogue.last_translator, catalogue.language_team = "The Latchkey authors", str(catalogue.locale)
    with _new(path) as file:
        write_po(file, catalogue, width=0, no_location=True, sort_output=True, ignore_obsolete=True)


def compile_stale() -> list[str]:
    """Make the .mo of each catalogue that is newer than its own, and say which. Several may do it at once."""
    done = []
    for language, path in catalogues().items():
        made = path.with_suffix(".mo")
        if not made.exists() or made.stat().st_mtime_ns < path.stat().st_mtime_ns:
            catalogue = read(language)
            for message in catalogue:
                if message.pluralizable and not _whole(message):
                    message.string = ""  # else an empty text would be shown in place of the English one
            with _new(made) as file:
                write_mo(file, catalogue)
            done.append(language)
    return done


class _new:  # noqa: N801 -- reads as the function that it stands for
    """A file that takes its place at once when it is whole."""

    def __init__(self, path: Path) -> None:
        self.path, self.part = path, path.with_name(f"{path.name}.{os.getpid()}")

    def __enter__(self) -> IO[bytes]:
        self.file = self.part.open("wb")
        return self.file

    def __exit__(self, kind: object, *_rest: object) -> None:
        self.file.close()
        if kind is None:
            self.part.replace(self.path)
        else:
            self.part.unlink()


def missing(catalogue: Catalog) -> dict[str, str | list[str]]:
    """What still has no translation, or one that is marked as doubtful; ready to be filled in."""
    empty: dict[str, str | list[str]] = {}
    for message in catalogue:
        if message.id and (message.fuzzy or not _whole(message)):
            empty[_key(message)] = ["", ""] if message.pluralizable else ""
    return empty


def _key(message: Message) -> str:
    """How the JSON names a text: one that has a context as `context|text`."""
    text = forms(message.id)[0]
    return f"{message.context}|{text}" if message.context else text


def _find(catalogue: Catalog, key: str) -> Message | None:
    context, _bar, text = key.partition("|")
    return catalogue.get(key) or catalogue.get(text, context)


def forms(texts: object) -> tuple[str, ...]:
    """One and many of a text that has both, else the text alone; nothing for none."""
    if isinstance(texts, tuple | list):
        return tuple(str(text or "") for text in texts)
    return (str(texts),) if texts else ()


def _whole(message: Message) -> bool:
    return bool(message.string) and all(forms(message.string))


def fill(language: str, given: dict[str, str | list[str]]) -> list[str]:
    """Write these translations into the catalogue; what does not fit is left out, and said."""
    catalogue, said = read(language), []
    for key, value in given.items():
        message = _find(catalogue, key)
        if message is None:
            said.append(f"not a text of ours: {key[:70]!r}")
            continue
        message.string = tuple(value) if isinstance(value, list) else value
        problem = wrong(message)
        if problem:
            message.string = ("", "") if message.pluralizable else ""
            said.append(f"{problem}: {key[:70]!r}")
        else:
            message.flags.discard("fuzzy")
    _write(catalogues()[language], catalogue)
    return said


def wrong(message: Message) -> str:
    """What is wrong with a translation, or ""."""
    if isinstance(message.string, tuple) is not bool(message.pluralizable):
        return "one and many belong together"
    if not _whole(message):
        return "empty"
    wanted, known = _holders(forms(message.id)[-1]), _holders(" ".join(forms(message.id)))
    *ones, many = forms(message.string)
    fits = _holders(many) == wanted and all(_holders(one) <= known for one in ones)
    return "" if fits else "values, markup or codes differ"


def _holders(text: str) -> set[str]:
    return set(HOLDERS.findall(text))


def main(words: list[str]) -> int:
    command, rest = (words or ["help"])[0], words[1:]
    if command == "update":
        update()
    elif command == "compile":
        compile_stale()
    elif command == "missing":
        print(json.dumps(missing(read((rest or ["de"])[0])), ensure_ascii=False, indent=1))
    elif command == "fill" and rest:
        given = json.loads(Path(rest[0]).read_text("utf-8"))
        said = fill((rest[1:] or ["de"])[0], given)
        print("\n".join([*said, f"{len(given) - len(said)} written, {len(said)} left out"]))
        return 1 if said else 0
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
