"""Every setting, permission, notification and mail is used by some code: none is offered that does nothing.

What a setting does is its own test's business. This finds those that no code asks for any more.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from models import NotificationKind
from workflows import settings
from workflows.mail_facts import MailKind
from workflows.permissions import Permission

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "admin_site", "api", "application", "client_portal", "documents", "gateways", "mailer", "settings_ui", "sign_in",
    "sitter_portal", "ui_kit", "workflows",
)  # fmt: skip
#: where settings are only listed, and where made-up ones are chosen
LISTED = re.compile(r"workflows/settings(_\w+)?\.py|application/demo/")


@cache
def trees() -> dict[str, ast.Module]:
    """Each module of the program."""
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    return {str(file.relative_to(ROOT)): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def asked_for(tree: ast.Module, *, only_subscripts: bool) -> set[str]:
    """Texts of a module that may name a setting that is read: no keys of a dict, which are what is written.

    A text with a value in it, `f"{limit}_kind"`, stands as a pattern.
    """
    slices = {
        id(node.slice) for node in ast.walk(tree) if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)
    }
    written = {id(key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys if key is not None}
    found = set()
    for node in ast.walk(tree):
        if id(node) in written or (only_subscripts and id(node) not in slices):
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(re.escape(node.value))
        elif isinstance(node, ast.JoinedStr) and id(node) in slices:
            parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else r"[\w.]+" for p in node.values]
            found.add("".join(parts))
    return found


def readers() -> tuple[set[str], list[str]]:
    """Texts as they are, and patterns."""
    every = {
        text for name, tree in trees().items() for text in asked_for(tree, only_subscripts=bool(LISTED.match(name)))
    }
    pages = [f.read_text(encoding="utf-8") for package in PACKAGES for f in (ROOT / package).rglob("*.html")]
    every |= {re.escape(key) for page in pages for key in re.findall(r"\[['\"]([\w.]+)['\"]\]", page)}
    patterns = [text for text in every if r"[\w.]+" in text and text.replace(r"[\w.]+", "").strip("_.\\")]
    return every - set(patterns), patterns


def test_every_setting_is_read_by_some_code():
    texts, patterns = readers()
    hooked = set(settings._hooks)
    idle = [
        key
        for key in settings.REGISTRY
        if re.escape(key) not in texts and key not in hooked and not any(re.fullmatch(p, key) for p in patterns)
    ]
    assert idle == []


def test_a_setting_that_is_only_listed_or_written_counts_as_idle():
    tree = ast.parse(
        'change({"portal.lamp": True})\nvalues["portal.bell"]\nvalues[f"{door}_knob"]\nvalues["portal.gate"] = 1'
    )
    assert asked_for(tree, only_subscripts=True) == {re.escape("portal.bell"), r"[\w.]+_knob"}
    assert re.escape("portal.lamp") not in asked_for(tree, only_subscripts=False)


@pytest.mark.parametrize(
    ("kinds", "homes", "not_in"),
    [
        (Permission, PACKAGES, "workflows/permissions.py"),
        (NotificationKind, ("workflows", "mailer", "application"), "application/demo"),
        (MailKind, ("workflows", "mailer", "application"), "workflows/mail_facts"),
    ],
)
def test_every_permission_is_asked_and_every_notification_and_mail_is_sent_by_some_code(kinds, homes, not_in):
    named = {
        node.attr
        for name, tree in trees().items()
        if name.startswith(homes) and not name.startswith((not_in, "workflows/mail_code_list"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == kinds.__name__
    }
    assert [kind.name for kind in kinds if kind.name not in named] == []
