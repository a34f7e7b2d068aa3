"""Billing papers: an invoice of 40 lines drawn by us and by bare xhtml2pdf from the same HTML, and the kept copy."""

import io
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from unittest import mock

import sqlalchemy as sa
from xhtml2pdf import pisa
from xhtml2pdf.config.resources import ResourceAccessPolicy

from benchmarks.databases import make_app
from benchmarks.measures import Run
from documents import billing, billing_files, pdf
from foundation.db import db
from models import Client, Invoice, InvoiceState
from workflows import settings
from workflows.billing import paper_makers
from workflows.billing.paper_store import About, AboutKind
from workflows.billing.papers import LineKind, Paper, PaperKind, PaperLine, PaperParty, PaperTax

#: at most so much longer than xhtml2pdf alone, and the kept copy at most so much of the drawing
OVERHEAD, KEPT = 1.1, 1 / 10
LINES, ROUNDS = 40, 15


@dataclass(frozen=True)
class Drawn:
    """Milliseconds, the middle one of the rounds, and the size of the PDF."""

    ours: float
    bare: float
    kept: float
    n_bytes: int


def measure(run: Run) -> Drawn:
    """In one process, ours and bare in turn, so that another load on the machine meets both."""
    paper = _paper()
    with make_app(run.url, run.folder).app_context():
        settings.read()
        html = _html_of(lambda: billing.draw_paper(paper, locale="en_GB"))
        ours, bare = [], []
        for _ in range(ROUNDS):
            ours.append(_milliseconds(lambda: billing.draw_paper(paper, locale="en_GB")))
            bare.append(_milliseconds(lambda: _bare(html)))
        row = (Invoice, lambda _invoice: paper)
        with mock.patch.dict(paper_makers.ROWS, {AboutKind.INVOICE: row}):
            about = About(AboutKind.INVOICE, _invoice().id)
            first = _get(about)
            billing_files.keep(first)
            kept = [_milliseconds(lambda: _get(about)) for _ in range(ROUNDS)]
        size = len(first.data or b"")
    return Drawn(statistics.median(ours), statistics.median(bare), statistics.median(kept), size)


def _paper() -> Paper:
    """Two pages with everything that an invoice mostly has."""
    business = PaperParty("Maple Lane Pets", ("14 Maple Lane", "Albany, NY 12207"), phone="(518) 555-0134")
    client = PaperParty("Alice Archer", ("2 Oak Street", "Albany, NY 12208"), "1000 000 001")
    days = [f"2026-11-{1 + n % 28:02}" for n in range(LINES)]
    lines = tuple(PaperLine(f"Dog walk {n}", "22.50", LineKind.VISIT, day) for n, day in enumerate(days))
    return Paper(
        PaperKind.INVOICE, "INV-42", "2026-11-23", "USD", business, client, due_on="2026-12-07", lines=lines,
        taxes=(PaperTax("Sales tax", "8", "900.00", "72.00"),), subtotal="900.00", tax_total="72.00", total="972.00",
        outstanding="972.00", terms="Due within 14 days.", bank_details="First Bank of Albany\nAccount 123456789",
        pay_link="https://portal.example.com/portal/pay/8f3c1d2e9a7b",
    )  # fmt: skip


def _invoice() -> Invoice:
    client_id = db.session.scalars(sa.select(Client.id).limit(1)).one()
    invoice = Invoice(client_id=client_id, state=InvoiceState.OPEN, sequence=0, number="paper", currency="USD")
    db.session.add(invoice)
    db.session.flush()
    return invoice


def _html_of(draw: Callable[[], bytes]) -> str:
    with mock.patch.object(pdf, "write", wraps=pdf.write) as write:
        draw()
    return str(write.call_args.args[0])


def _bare(html: str) -> bytes:
    out = io.BytesIO()
    pisa.CreatePDF(html, dest=out, encoding="utf-8", resource_policy=ResourceAccessPolicy.server(allow_remote=False))
    return out.getvalue()


def _get(about: About) -> billing_files.PaperPdf:
    seen = billing_files.look(about)
    assert seen is not None
    return billing_files.fill(seen)


def _milliseconds(work: Callable[[], object]) -> float:
    before = time.perf_counter()
    work()
    return (time.perf_counter() - before) * 1000
