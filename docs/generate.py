"""Writes the pages of docs/ that are drawn from models.py, so that they cannot say something else than the code.

`make docs` writes them; `--check` only says which are out of date, and a test asks that.
"""

import ast
import enum
import sys
from pathlib import Path

import sqlalchemy as sa

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

import models  # noqa: E402 -- needs the line above when called as a script

NOTE = "<!-- Drawn from models.py by `make docs`; edits here are lost. -->\n"


def data_model() -> str:
    """Which tables there are, in models.py's own order and groups, and which belongs to which."""
    page = [NOTE, "# The data model\n", "Columns, constraints and their reasons stand in `models.py`.\n"]
    with_class = {cls.__table__.name for _title, classes in groups() for cls in classes}
    tables_without_class = [table for table in models.db.metadata.sorted_tables if table.name not in with_class]
    for title, classes in groups():
        names = {cls.__table__.name for cls in classes}
        page += [f"## {title.capitalize()}\n", "| table | what it is |", "| --- | --- |"]
        page += [f"| `{cls.__name__}` | {first_line(cls)} |" for cls in classes]
        page += ["", "```mermaid", "erDiagram"]
        for cls in classes:
            page.append(f"    {cls.__table__.name}")
            page += references(cls.__table__)
        for table in tables_without_class:
            if first_owner(table) in names:
                page += references(table)
        page += ["```", ""]
    return "\n".join(page)


def states() -> str:
    """Each state machine as a diagram, from the dict of allowed moves below its enum."""
    page = [
        NOTE,
        "# States and moves\n",
        "A state changes only along these arrows; each arrow is a verb in `workflows/`.\n",
    ]
    for name, moves in vars(models).items():
        if not name.endswith("_MOVES"):
            continue
        kind = type(next(iter(moves)))
        page += [f"## {kind.__name__}\n", f"{first_line(kind)}\n", "```mermaid", "stateDiagram-v2"]
        page += [f"    [*] --> {start.value}" for start in starts(kind)]
        for state in kind:
            order = list(kind)
            page += [f"    {state.value} --> {to.value}" for to in sorted(moves.get(state, ()), key=order.index)]
            if not moves.get(state):
                page.append(f"    {state.value} --> [*]")
        page += ["```", ""]
    return "\n".join(page)


def groups() -> list[tuple[str, list[type]]]:
    """The classes under each banner comment of models.py: `# ------ people`."""
    source = Path(models.__file__).read_text("utf-8")
    found: list[tuple[str, list[type]]] = []
    starts_at = {node.lineno: node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    for number, line in enumerate(source.splitlines(), 1):
        if line.startswith("# -----"):
            found.append((line.strip("# -"), []))
        elif number in starts_at and found and hasattr(cls := getattr(models, starts_at[number]), "__table__"):
            found[-1][1].append(cls)
    return [(title, classes) for title, classes in found if classes]


def first_owner(table: sa.Table) -> str | None:
    """The table that the first foreign key names: where a table that ties two others together is drawn."""
    return next((key.column.table.name for column in table.columns for key in column.foreign_keys), None)


def references(table: sa.Table) -> list[str]:
    """One line a foreign key: `owner ||--o{ owned : column`."""
    lines = []
    for column in table.columns:
        for key in column.foreign_keys:
            one, many = ("|o" if column.nullable else "||"), ("o|" if column.unique else "o{")
            lines.append(f"    {key.column.table.name} {one}--{many} {table.name} : {column.name}")
    return lines


def starts(kind: type[enum.Enum]) -> list[enum.Enum]:
    """The states a new row can have: the defaults of the columns of that kind."""
    columns = [column for table in models.db.metadata.sorted_tables for column in table.columns]
    defaults = [c.default.arg for c in columns if getattr(c.type, "enum_class", None) is kind and c.default is not None]
    return list(dict.fromkeys(defaults))


def first_line(thing: type) -> str:
    """The first line of a docstring, fit for a table."""
    return (thing.__doc__ or "").strip().split("\n", 1)[0].replace("|", "\\|")


PAGES = {"data-model.md": data_model, "states.md": states}


def main(arguments: list[str]) -> int:
    """Write the pages; with --check, only name those that would change and return 1 if there are any."""
    changed = []
    for name, draw in PAGES.items():
        path, text = DOCS / name, draw()
        if not path.is_file() or path.read_text("utf-8") != text:
            changed.append(name)
            if "--check" not in arguments:
                path.write_text(text, "utf-8")
    if changed and "--check" in arguments:
        print(f"Out of date: {', '.join(changed)}. Run: make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
