"""Every module says what it is for, and every verb of the business what it does."""

import ast
import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import workflows

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "admin_site", "api", "application", "client_portal", "foundation", "gateways", "mailer", "settings_ui", "sign_in", "sitter_portal",
    "tables", "ui_kit", "workflows",
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


def test_every_module_says_what_it_is_for():
    """In one to five lines: what for, and where its neighbour is."""
    assert len(MODULES) > 100
    assert [str(path) for path in MODULES if not ast.get_docstring(ast.parse((ROOT / path).read_text("utf-8")))] == []


def test_every_verb_says_what_it_does():
    assert len(VERBS) > 100
    assert [name for name, verb in VERBS if not verb.__doc__ and name != "workflows.errors.N_"] == []


def test_every_verb_takes_its_actor_by_name():
    """So that no call can mix up who acts and what is acted on."""
    actors = {name: inspect.signature(verb).parameters.get("actor") for name, verb in VERBS}
    assert [n for n, a in actors.items() if a is not None and a.kind is not inspect.Parameter.KEYWORD_ONLY] == []
