"""What stands behind the merge codes of one mail: words, links and pieces, read by the table in `workflows.mail_codes`.

Only that table decides what is read; nothing of what the office wrote reaches a name, an attribute or a template.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from babel import Locale
from flask_babel import gettext
from jinja2 import Environment

from foundation import clock
from foundation.db import db
from mailer.formats import Formats
from mailer.render import absolute, one_line
from models import Client, Invoice, OutboxMail
from workflows.mail_codes import TO_SITTERS, Code, Shape, codes_of
from workflows.mail_facts import MailKind


class UnknownCode(ValueError):
    """The words hold a code that this kind of mail does not have (any more)."""


class Values:
    """The values of one mail's codes, each read when it is asked for, and once."""

    def __init__(
        self, mail: OutboxMail, context: dict[str, Any], environment: Environment, locale: str, *, shows_secrets: bool
    ) -> None:
        self.mail, self.context, self.environment = mail, context, environment
        self.kind = MailKind(mail.kind)
        self.facts = context["facts"]
        self.codes = codes_of(self.kind)
        self.formats = Formats(Locale.parse(locale))
        self.shows_secrets = shows_secrets
        self._raw: dict[str, Any] = {}
        self._person: tuple[str, str] | None = None

    def code(self, name: str) -> Code:
        """The code of this name, or UnknownCode."""
        if name not in self.codes:
            raise UnknownCode(f"this mail has no code {{{name}}}")
        return self.codes[name]

    def is_there(self, name: str) -> bool:
        """Has it anything to show, or does its condition hold?"""
        return bool(self.raw(name))

    def is_block(self, name: str) -> bool:
        """Does it show a whole piece?"""
        return self.code(name).shape is Shape.BLOCK

    def words(self, name: str) -> str:
        """Its value within a line. Pieces and conditions have none."""
        code = self.code(name)
        return "" if code.shape in {Shape.BLOCK, Shape.CONDITION} else str(self.raw(name))

    def block(self, name: str, layer: str) -> str:
        """The piece as "txt" or "html"; "" when there is nothing to show. The HTML is safe."""
        value = self.raw(name)
        if not value:
            return ""
        how = self.code(name).how
        macros = self.environment.get_template(f"_layout/blocks.{layer}").module
        given: tuple[Any, ...] = (value,)
        if how == "entries":
            given = (value, self.facts.for_date)
        elif how == "security":
            given = (self.facts, self.context["business"]["name"])
        return str(getattr(macros, how)(*given)).strip("\n")

    def raw(self, name: str) -> Any:  # noqa: ANN401 -- words, a list of facts, or whether something holds
        """What the table says it is."""
        if name not in self._raw:
            self._raw[name] = self._read(self.code(name))
        return self._raw[name]

    def _read(self, code: Code) -> Any:  # noqa: ANN401
        how, fact = code.how, code.fact
        if how == "company":
            value = self.context["business"][fact]
            return ", ".join(value) if isinstance(value, list) else str(value or "")
        if how == "link":
            return self.context["links"][fact]
        if how in {"made", "made_link"}:
            return self._made(code)
        value = getattr(self.facts, fact)
        if how == "has":
            return bool(value)
        if how.startswith("is:"):
            wanted = how.removeprefix("is:")
            return _is_zero(value) if wanted == "zero" else value == wanted
        if code.shape is Shape.BLOCK:
            return self._piece(how, value)
        reader: Callable[[Any], str] = getattr(self, f"_{how}", one_line)
        return reader(value)

    def _made(self, code: Code) -> str:
        """Links that are made for this mail; a secret one only in the mail that is really sent."""
        if code.fact == "forgotten_link":
            return str(self.context["links"]["forgotten" if self.facts.realm == "client" else "staff_forgotten"])
        value = str(self.context.get(code.fact) or "")
        return (
            absolute("/") + gettext("one-time-link") if value and code.is_secret and not self.shows_secrets else value
        )

    def _piece(self, how: str, value: Any) -> Any:  # noqa: ANN401
        if how == "notes":
            return value if any(i.note for i in value) else ()
        if how in {"visits", "visits_off", "visits_unpriced"} and self.kind in TO_SITTERS:
            return self.formats.unpriced(value)
        return value

    # ------------------------------------------------------------------------------------------ readers, by `how`

    def _text(self, value: Any) -> str:  # noqa: ANN401
        return one_line(str(value or ""))

    def _number(self, value: int) -> str:
        return str(value) if value else ""

    def _count(self, value: tuple[Any, ...]) -> str:
        return str(len(value)) if value else ""

    def _grouped(self, value: str) -> str:
        return self.formats.grouped(value) if value else ""

    def _day(self, value: str) -> str:
        return self.formats.day(value) if value else ""

    def _price(self, value: str) -> str:
        return self.formats.price(value) if value else ""

    def _price_left(self, value: str) -> str:
        return "" if _is_zero(value) else self._price(value)

    def _balance_owed(self, value: str) -> str:
        return "" if value.startswith("-") else self._price(value)

    def _balance_credit(self, value: str) -> str:
        return self._price(value[1:]) if value.startswith("-") else ""

    def _total(self, value: Any) -> str:  # noqa: ANN401
        return "" if self.kind in TO_SITTERS else self.formats.total(value)

    def _first_day(self, value: Any) -> str:  # noqa: ANN401
        return self._day(self.formats.first_day(value)) if value else ""

    def _first_asked_day(self, value: Any) -> str:  # noqa: ANN401
        return self._first_day([i.visit for i in value])

    def _first_number(self, value: Any) -> str:  # noqa: ANN401
        return one_line(value[0].number) if value else ""

    def _news(self, value: str) -> str:
        return self.formats.news(value) if value else ""

    def _service(self, visit: Any) -> str:  # noqa: ANN401
        return one_line(visit.service)

    def _visit_day(self, visit: Any) -> str:  # noqa: ANN401
        return self._day(visit.on_date)

    def _forename(self, value: str) -> str:
        return self._names(value)[0]

    def _surname(self, value: str) -> str:
        return self._names(value)[1]

    def _names(self, whole: str) -> tuple[str, str]:
        """First and last name of the mail's own client, as long as they are still called as the facts say."""
        if self._person is None:
            first, _space, last = whole.partition(" ")
            self._person = first, last
            if self.mail.client_id is not None:
                found = db.session.execute(
                    sa.select(Client.first_name, Client.last_name).where(Client.id == self.mail.client_id)
                ).first()
                if found and one_line(f"{found[0]} {found[1]}") == whole:
                    self._person = one_line(found[0]), one_line(found[1])
        return self._person

    def _first_sent(self, invoice_id: int) -> str:
        """The day of the first sending of the client's own invoice; today while there was none."""
        sent_at = db.session.scalar(
            sa.select(Invoice.sent_at).where(Invoice.id == invoice_id, Invoice.client_id == self.mail.client_id)
        )
        return self._day((clock.to_local(sent_at).date() if sent_at else clock.today()).isoformat())

    def _last_sent(self, _invoice_id: int) -> str:
        return self._day(clock.today().isoformat())


def _is_zero(value: str) -> bool:
    try:
        return bool(value) and float(value) == 0
    except ValueError:
        return False
