"""The shape of models.py, tables/ and wsgi.py, part of which the import checker cannot see, and of the tables themselves."""

import ast
import enum
import inspect
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


@pytest.mark.parametrize("name", sorted(TREES))
def test_tables_know_nothing_but_sqlalchemy_and_the_foundation(name):
    assert imported(TREES[name]) - set(sys.stdlib_module_names) <= {"sqlalchemy", "foundation", "tables"}


def test_tables_are_imported_from_models_only():
    """One home for the names: whoever uses a table says `from models import`."""
    others = [p for p in ROOT.glob("*/**/*.py") if p.parts[len(ROOT.parts)] not in {"tables", ".venv", "node_modules"}]
    users = [p.relative_to(ROOT).as_posix() for p in others if "tables" in imported(ast.parse(p.read_text("utf-8")))]
    assert users == []


@pytest.mark.parametrize("name", sorted(TREES))
def test_tables_ask_the_database_nothing(name):
    """No query, no commit, no session; and so no rule that would need one."""
    used = {n.attr for n in ast.walk(TREES[name]) if isinstance(n, ast.Attribute)} | {
        n.id for n in ast.walk(TREES[name]) if isinstance(n, ast.Name)
    }
    assert (
        used & {"session", "query", "select", "commit", "execute", "scalar", "scalars", "object_session", "url_for"}
        == set()
    )


def test_wsgi_makes_the_app_and_nothing_else():
    tree = ast.parse((ROOT / "wsgi.py").read_text("utf-8"))
    assert imported(tree) == {"application"}
    assert [ast.unparse(node) for node in tree.body[1:]] == ["from application import create_app", "app = create_app()"]


@pytest.mark.parametrize("name", sorted(TREES))
def test_tables_are_files_that_can_be_read(name):
    assert len(SOURCES[name].splitlines()) <= 500
    classes = [node for node in TREES[name].body if isinstance(node, ast.ClassDef)]
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


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_table_says_in_one_line_what_it_is(name):
    own = vars(CLASSES[name]).get("__doc__") or ""
    assert own.strip().splitlines()[:1] == [own.strip()], "one line, in the words of the trade"
    assert own.strip().endswith(".")


# -------------------------------------------------------------------------------------------------------- the tables


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_foreign_keys_are_indexed(table):
    """Deleting a parent looks for children: without an index it reads the whole table."""
    firsts = {next(iter(i.columns)).name for i in table.indexes}
    firsts |= {
        next(iter(c.columns)).name
        for c in table.constraints
        if isinstance(c, sa.UniqueConstraint | sa.PrimaryKeyConstraint)
    }
    assert {column.name for column in table.columns if column.foreign_keys} - firsts == set()


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_foreign_keys_say_what_happens_on_delete(table):
    assert {fk.parent.name for fk in table.foreign_keys if fk.ondelete is None} == set()


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_enum_columns_are_guarded_by_a_check_constraint(table):
    columns = {c.name for c in table.columns if isinstance(c.type, sa.Enum)}
    guarded = {
        next(iter(c.columns)).name
        for c in table.constraints
        if isinstance(c, sa.CheckConstraint) and len(c.columns) == 1
    }
    native = {c.name for c in table.columns if isinstance(c.type, sa.Enum) and c.type.native_enum}
    assert (columns - guarded, native) == (set(), set())


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
