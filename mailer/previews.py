"""An example of every kind of mail: for tests, for `flask mails`, and for whoever edits the words."""

import dataclasses
import uuid
from pathlib import Path
from typing import Any

from mailer.examples import PREVIEWS
from mailer.kinds import KINDS
from mailer.render import render
from models import OutboxMail
from workflows.activity import plain
from workflows.mail_facts import (
    MailKind,
)


def preview_mail(kind: MailKind, facts: Any = None) -> OutboxMail:  # noqa: ANN401 -- the kind's own dataclass
    """A mail of this kind that is in no outbox, about the example or about the given facts."""
    return OutboxMail(
        kind=kind.value,
        facts=plain_facts(PREVIEWS[kind] if facts is None else facts),
        to_address="alice@example.com",
        cc_addresses=[],
        message_id=f"<{uuid.uuid4()}@latchkey.invalid>",
    )


def plain_facts(facts: Any) -> dict[str, Any]:  # noqa: ANN401
    """Facts as `workflows.outbox` stores them."""
    stored: dict[str, Any] = plain(dataclasses.asdict(facts))
    return stored


def write_previews(folder: Path) -> list[Path]:
    """Every kind as <kind>.html and <kind>.txt (subject first) in a folder, and the paths of the pages."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    for kind in KINDS:
        subject, text, html = render(preview_mail(kind))
        page = folder / f"{kind.value}.html"
        page.write_text(html, "utf-8")
        page.with_suffix(".txt").write_text(f"{subject}\n\n{text}", "utf-8")
        pages.append(page)
    return pages
