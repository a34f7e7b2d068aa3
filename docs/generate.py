"""Writes the pages of docs/ that are drawn from the code and the tests, so that they cannot say something else than the code.

`make docs` writes them; `--check` only says which are out of date, and a test asks that.
"""

import ast
import enum
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

import models  # noqa: E402 -- needs the line above when called as a script

NOTE = "<!-- Drawn from tables/ by `make docs`; edits here are lost. -->\n"


def data_model() -> str:
    """Which tables there are, in models.py's order, and which belongs to which."""
    page = [NOTE, "# The data model\n", "Columns, constraints and their reasons stand in `tables/`.\n"]
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
    """The classes of each file of tables/, in the order of models.py's table of contents."""
    found = []
    for name in re.findall(r"tables/(\w+)\.py", models.__doc__ or ""):
        tree = ast.parse((DOCS.parent / "tables" / f"{name}.py").read_text("utf-8"))
        classes = [getattr(models, n.name, None) for n in tree.body if isinstance(n, ast.ClassDef)]
        found.append((name, [cls for cls in classes if hasattr(cls, "__table__")]))
    return found


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


def features() -> str:
    """Each contract row with its screens and the tests that name it."""
    rows = tomllib.loads((DOCS / "features.toml").read_text("utf-8"))
    tests = covering_tests()
    page = [
        NOTE.replace("tables/", "features.toml and the tests"),
        "# Features\n",
        "Each row of the contract that is built, where it is seen, and the tests that prove it.",
        'Run the tests of a row with `make test ROWS="B4"`.\n',
    ]
    for row in sorted(rows.keys() | tests.keys(), key=lambda name: (name[0], int(name[1:]))):
        facts = rows.get(row, {"what": "", "where": ""})
        page += [f"## {row}: {facts['what']}\n", f"Seen at: {facts['where']}\n"]
        if "open" in facts:
            page.append(f"Still open: {facts['open']}\n")
        page += [f"- `{test}`" for test in sorted(tests.get(row, ()))] or ["No test yet."]
        page.append("")
    return "\n".join(page)


def covering_tests() -> dict[str, set[str]]:
    """Row -> tests, read from the `covers` markers of functions, classes and modules."""
    found: dict[str, set[str]] = {}
    for path in sorted((DOCS.parent / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        marks = [node.value for node in tree.body if isinstance(node, ast.Assign) and _names(node, "pytestmark")]
        module_rows = set().union(*(_rows(mark) for mark in marks), set())
        for node, outer in _tests(tree, module_rows):
            rows = outer.union(*(_rows(mark) for mark in node.decorator_list))
            for row in rows:
                found.setdefault(row, set()).add(f"{path.relative_to(DOCS.parent)}::{node.name}")
    return found


def _names(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def _tests(tree: ast.Module, rows: set[str]) -> Iterator[tuple[ast.FunctionDef, set[str]]]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node, rows
        if isinstance(node, ast.ClassDef):
            inner = rows.union(*(_rows(mark) for mark in node.decorator_list))
            for part in node.body:
                if isinstance(part, ast.FunctionDef) and part.name.startswith("test_"):
                    yield part, inner


def _rows(mark: ast.expr) -> set[str]:
    """The rows of every `pytest.mark.covers("B4", …)` inside an expression."""
    rows: set[str] = set()
    for call in ast.walk(mark):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "covers":
            rows |= {str(arg.value) for arg in call.args if isinstance(arg, ast.Constant)}
    return rows


#: the parts of security.toml, by the letter that their lines begin with
PARTS = {"G": "Goals", "A": "Abuse cases", "T": "Traps of the packages", "V": "ASVS 5.0, level 2, by chapter"}


def security() -> str:
    """Each line of the security list: how it is met, which tests prove it, what is left open."""
    lines = tomllib.loads((DOCS / "security.toml").read_text("utf-8"))
    page = [
        NOTE.replace("tables/", "security.toml"),
        "# The security list\n",
        "What must hold, how it is met, which tests prove it, and what is left open or does not apply.",
        "The threat model is in [SECURITY.md](../SECURITY.md).\n",
    ]
    for letter, title in PARTS.items():
        page.append(f"## {title}\n")
        for name, line in lines.items():
            if name[0] == letter:
                page.append(f"### {name}: {line['title']}\n")
                page += [f"{line['how']}\n"] if "how" in line else []
                page += [f"- `tests/{test}`" for test in line.get("tests", ())]
                page += [""] if line.get("tests") else []
                page += [f"Open, or why not: {line['because']}\n"] if "because" in line else []
    return "\n".join(page)


PAGES = {"data-model.md": data_model, "states.md": states, "features.md": features, "security.md": security}


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
