"""A sitter's pay statement as PDF, in the design of the billing papers."""

import dataclasses
import hashlib
import json
from functools import lru_cache

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _

from documents import billing, billing_words, figures
from documents.billing_tables import Cell, Head, Row, Table, Total
from documents.billing_words import Badge, Fact, Headline, Said
from documents.page import draw
from foundation import storage
from models import PayLineKind
from workflows import settings
from workflows.pay.statements import KIND_WORDS, PayEntry, PayPaper

#: drawn ones that a process keeps; a statement never changes, so the same is asked for again
_KEPT = 32


def kind_words(kind: PayLineKind) -> str:
    """What a line of pay is for."""
    return _(KIND_WORDS[kind])


def text_words(text: str) -> str:
    """What a line says of its visit or tip; something also for those that are no longer there."""
    return text or _("Visits or tips that were taken back")


def pdf(paper: PayPaper) -> tuple[str, bytes, str]:
    """Its file name, its bytes, and a mark that is another one as soon as it shows something else."""
    values = settings.read()
    locale, logo = values["business.locale"], values["business.logo"] or ""
    facts = json.dumps(dataclasses.asdict(paper), sort_keys=True)
    mark = hashlib.sha256(f"{facts}\n{billing.version()}\n{locale}\n{logo}".encode()).hexdigest()[:32]
    with force_locale(locale):
        name = _("Pay statement %(number)s, %(name)s", number=paper.number, name=paper.sitter.name)
    return billing.plain_name(name), _drawn(mark, locale, logo, _Facts(paper)), mark


@dataclasses.dataclass(frozen=True)
class _Facts:
    """What is drawn; the mark stands for it where drawn ones are kept."""

    paper: PayPaper = dataclasses.field(compare=False)


@lru_cache(maxsize=_KEPT)
def _drawn(_mark: str, locale: str, logo_key: str, facts: _Facts) -> bytes:
    logo = storage.here().read(logo_key) if logo_key else None
    with force_locale(locale):
        said = say(facts.paper)
        return draw(
            billing.TEMPLATE, locale=locale, business_name=facts.paper.business.name, said=said,
            logo=billing.logo_of(logo), code="",
        )  # fmt: skip


def say(paper: PayPaper) -> Said:
    """Everything that the statement says, in the language that is set."""
    name = _("Pay statement %(number)s", number=paper.number)
    return Said(
        title=_("Pay statement"),
        name=name,
        running=f"{name} · {paper.sitter.name}",
        foot=paper.business.name,
        badge=_badge(paper),
        sender=billing_words.party(_("From"), paper.business),
        receiver=billing_words.party(_("For"), paper.sitter),
        facts=tuple(_facts(paper)),
        headline=_headline(paper),
        tables=(_table(paper),),
        totals=_totals(paper),
        attached=(), pay=None, notes=(), notes_heading="", terms="",
    )  # fmt: skip


def _badge(paper: PayPaper) -> Badge | None:
    if paper.is_undone:
        return Badge("mute", _("Taken back"))
    return Badge("ok", _("Paid")) if paper.paid_on else None


def _facts(paper: PayPaper) -> list[Fact]:
    found = [
        Fact(_("Pay run"), f"#{paper.number}"),
        Fact(_("Up to"), figures.day(paper.upto_on)),
        Fact(_("Made"), figures.day(paper.made_on)),
        Fact(_("Days worked"), str(paper.n_days)),
    ]
    return [*found, Fact(_("Paid"), figures.day(paper.paid_on))] if paper.paid_on else found


def _headline(paper: PayPaper) -> Headline:
    total = figures.amount(paper.total, paper.currency)
    if paper.is_undone:
        return Headline(_("Your pay"), total, _("This run was undone. Its lines come with the next one."), "mute")
    if paper.paid_on:
        return Headline(_("Your pay"), total, _("Paid on %(day)s.", day=figures.day(paper.paid_on)), "ok")
    return Headline(_("Your pay"), total, "")


def _table(paper: PayPaper) -> Table:
    heads = (
        Head(_("Date"), width=17), Head(_("What")), Head(_("Kind"), width=20), Head(_("Amount"), is_number=True, width=16)
    )  # fmt: skip
    return Table(_("What it is for"), heads, tuple(_row(entry, paper) for entry in paper.entries))


def _row(entry: PayEntry, paper: PayPaper) -> Row:
    cells = (
        Cell(figures.near_day(entry.on_date, paper.upto_on)), Cell(text_words(entry.text)), Cell(kind_words(entry.kind)),
        Cell(figures.amount(entry.amount, paper.currency)),
    )  # fmt: skip
    return Row(cells, title=1)


def _totals(paper: PayPaper) -> tuple[Total, ...]:
    found = [Total(sum_words(kind, n), figures.amount(total, paper.currency)) for kind, n, total in paper.sums]
    return (*found, Total(_("Total"), figures.amount(paper.total, paper.currency), "strong"))


def sum_words(kind: PayLineKind, n: int) -> str:
    """`12 visits`."""
    return {
        PayLineKind.VISIT: lambda: ngettext("%(num)d visit", "%(num)d visits", n),
        PayLineKind.CANCELLATION: lambda: ngettext("%(num)d cancelled visit", "%(num)d cancelled visits", n),
        PayLineKind.TIP: lambda: ngettext("%(num)d tip", "%(num)d tips", n),
        PayLineKind.CORRECTION: lambda: ngettext("%(num)d correction", "%(num)d corrections", n),
        PayLineKind.EXTRA: lambda: ngettext("%(num)d extra", "%(num)d extras", n),
    }[kind]()
