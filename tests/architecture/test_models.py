"""The shape of models.py, tables/ and wsgi.py, part of which the import checker cannot see, and of the tables themselves."""

import ast
import enum
import inspect
import re
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

import models
from foundation.db import Base

ROOT = Path(__file__).resolve().parents[2]
FILES = [ROOT / "models.py", *sorted((ROOT / "tables").glob("*.py"))]
SOURCES = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in FILES}
TREES = {name: ast.parse(source) for name, source in SOURCES.items()}
TABLES = sorted(Base.metadata.tables.values(), key=lambda t: t.name)
CLASSES = {m.class_.__name__: m.class_ for m in Base.registry.mappers}
ENUMS = {
    n: c
    for n, c in vars(models).items()
    if inspect.isclass(c) and issubclass(c, enum.Enum) and c.__module__.startswith("tables.")
}
MOVES = {n: d for n, d in vars(models).items() if n.endswith("_MOVES")}


def imported(tree):
    """The top-level packages that a file imports."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names.add(node.module)
    return {name.split(".")[0] for name in names}


# --------------------------------------------------------------------------------------------------------- the files


def test_tables_know_nothing_but_sqlalchemy_and_the_foundation():
    allowed = {*sys.stdlib_module_names, "sqlalchemy", "foundation", "tables"}
    assert {name: more for name, tree in TREES.items() if (more := imported(tree) - allowed)} == {}


def test_tables_are_imported_from_models_only():
    """One home for the names: whoever uses a table says `from models import`."""
    others = [p for p in ROOT.glob("*/**/*.py") if p.parts[len(ROOT.parts)] not in {"tables", ".venv", "node_modules"}]
    naming = {p: text for p in others if re.search(r"import tables|from tables", text := p.read_text("utf-8"))}
    users = [p.relative_to(ROOT).as_posix() for p, text in naming.items() if "tables" in imported(ast.parse(text))]
    assert users == []


def test_tables_ask_the_database_nothing():
    """No query, no commit, no session; and so no rule that would need one."""
    asking = {"session", "query", "select", "commit", "execute", "scalar", "scalars", "object_session", "url_for"}
    nodes = [(name, n) for name, tree in TREES.items() for n in ast.walk(tree)]
    assert [(name, n.attr) for name, n in nodes if isinstance(n, ast.Attribute) and n.attr in asking] == []
    assert [(name, n.id) for name, n in nodes if isinstance(n, ast.Name) and n.id in asking] == []


def test_wsgi_makes_the_app_and_nothing_else():
    tree = ast.parse((ROOT / "wsgi.py").read_text("utf-8"))
    assert imported(tree) == {"application"}
    assert [ast.unparse(node) for node in tree.body[1:]] == ["from application import create_app", "app = create_app()"]


def test_tables_are_files_that_can_be_read():
    assert {name: n for name, source in SOURCES.items() if (n := len(source.splitlines())) > 500} == {}
    classes = [node for tree in TREES.values() for node in tree.body if isinstance(node, ast.ClassDef)]
    lengths = {node.name: node.end_lineno - node.lineno + 1 for node in classes}
    assert {name: n for name, n in lengths.items() if n > 60} == {}


def test_contents_of_models_name_the_file_of_each_table():
    lines, file = {}, ""
    for line in models.__doc__.splitlines():
        words = line.replace(",", " ").split()
        if words and words[0].startswith("tables/") and line.startswith("  "):
            file, words = words[0], words[1:]
        if line.startswith("  "):
            lines |= dict.fromkeys(words, file)
    assert lines == {name: f"{cls.__module__.replace('.', '/')}.py" for name, cls in CLASSES.items()}


def test_models_names_all_that_it_offers():
    offered = set(models.__all__)
    assert offered >= set(CLASSES) | set(ENUMS) | set(MOVES) | {"db"}
    assert {name for name in offered if not hasattr(models, name)} == set()


def test_every_table_says_in_one_line_what_it_is():
    """In the words of the trade."""
    said = {name: (vars(table).get("__doc__") or "").strip() for name, table in CLASSES.items()}
    assert {name: own for name, own in said.items() if own.splitlines() != [own] or not own.endswith(".")} == {}


# -------------------------------------------------------------------------------------------------------- the tables


def test_foreign_keys_are_indexed():
    """Deleting a parent looks for children: without an index it reads the whole table."""
    keys = sa.UniqueConstraint | sa.PrimaryKeyConstraint
    led = [i for t in TABLES for i in t.indexes] + [c for t in TABLES for c in t.constraints if isinstance(c, keys)]
    firsts = {str(next(iter(one.columns))) for one in led}
    assert {str(c) for t in TABLES for c in t.columns if c.foreign_keys} - firsts == set()


def test_foreign_keys_say_what_happens_on_delete():
    assert {str(fk.parent) for t in TABLES for fk in t.foreign_keys if fk.ondelete is None} == set()


def test_enum_columns_are_guarded_by_a_check_constraint():
    columns = {str(c): c.type for t in TABLES for c in t.columns if isinstance(c.type, sa.Enum)}
    checks = [c for t in TABLES for c in t.constraints if isinstance(c, sa.CheckConstraint) and len(c.columns) == 1]
    guarded = {str(next(iter(c.columns))) for c in checks}
    assert columns.keys() - guarded == set()
    assert [name for name, kind in columns.items() if kind.native_enum] == []


def test_every_name_of_a_constraint_is_its_own():
    names = [c.name for t in TABLES for c in t.constraints] + [i.name for t in TABLES for i in t.indexes]
    assert None not in names
    assert sorted({n for n in names if names.count(n) > 1}) == []


# -------------------------------------------------------------------------------------------------------- the states


def test_every_state_has_its_moves():
    assert {n for n in ENUMS if n.endswith("State")} == {type(next(iter(d))).__name__ for d in MOVES.values()}


@pytest.mark.parametrize("name", sorted(MOVES))
def test_moves_cover_every_state_and_lead_to_states(name):
    moves = MOVES[name]
    states = set(type(next(iter(moves))))
    assert set(moves) == states
    assert set().union(*moves.values()) <= states
    assert all(state not in targets for state, targets in moves.items())


@pytest.mark.parametrize("name", sorted(MOVES))
def test_every_state_can_be_reached_from_the_first(name):
    moves = MOVES[name]
    reached, todo = set(), [next(iter(moves))]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += moves[state]
    assert reached == set(moves)


def test_every_visit_that_clients_see_has_a_word_for_them():
    assert set(models.JOB_CLIENT_LABELS) == set(models.JobState) - {models.JobState.VOIDED}
