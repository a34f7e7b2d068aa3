"""Every module says what it is for, and every verb of the business what it does."""

import ast
import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

import workflows

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "admin_site", "application", "client_portal", "foundation", "mailer", "settings_ui", "sign_in", "sitter_portal", "tables",
    "ui_kit", "workflows",
)  # fmt: skip
MODULES = sorted(p.relative_to(ROOT) for name in PACKAGES for p in (ROOT / name).rglob("*.py")) + [
    Path("models.py"),
    Path("wsgi.py"),
]
WORKFLOWS = [import_module(f"workflows.{m.name}") for m in pkgutil.iter_modules(workflows.__path__)]
VERBS = [
    (f"{module.__name__}.{name}", verb)
    for module in WORKFLOWS
    for name, verb in vars(module).items()
    if inspect.isfunction(verb) and verb.__module__ == module.__name__ and not name.startswith("_")
]


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse((ROOT / path).read_text("utf-8"))), (
        "one to five lines: what for, and where its neighbour is"
    )


@pytest.mark.parametrize(("name", "verb"), VERBS, ids=[name for name, _verb in VERBS])
def test_verb_says_what_it_does(name, verb):
    assert verb.__doc__ or name == "workflows.errors.N_"


@pytest.mark.parametrize(("name", "verb"), VERBS, ids=[name for name, _verb in VERBS])
def test_verb_takes_its_actor_by_name(name, verb):
    """So that no call can mix up who acts and what is acted on."""
    actor = inspect.signature(verb).parameters.get("actor")
    assert actor is None or actor.kind is inspect.Parameter.KEYWORD_ONLY
