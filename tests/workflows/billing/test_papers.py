"""A paper can be frozen, kept as JSON and read back; its fingerprint follows every word of it."""

import dataclasses
import json

import pytest

from workflows.billing import papers
from workflows.billing.papers import (
    AgeBand,
    EntryKind,
    LineKind,
    Paper,
    PaperEntry,
    PaperKind,
    PaperLine,
    PaperParty,
    PaperStatus,
    PaperTax,
    StatementAge,
    StatementRow,
)


def full_paper() -> Paper:
    """One with something in every field."""
    business = PaperParty("Maple Lane Pets", ("1 Maple Lane", "Albany"), email="a@example.com", phone="1", tax_number="VAT 7", website="https://example.com")  # fmt: skip
    client = PaperParty("Alice Archer", ("2 Oak St",), account_number="1000 000 001")
    note = Paper(PaperKind.CREDIT_NOTE, "CN-1", "2026-11-24", "USD", business, client, total="5.00", applies_to="INV-9")
    return Paper(
        PaperKind.INVOICE, "INV-9", "2026-11-23", "USD", business, client, PaperStatus.PART_PAID, "2026-12-07",
        lines=(PaperLine("Dog walk", "20.00", LineKind.VISIT, "2026-11-20", "Biscuit\n12:00", "2", "10.00", "VAT"),),
        taxes=(PaperTax("VAT", "20", "20.00", "4.00"),), subtotal="20.00", tax_total="4.00", total="24.00",
        entries=(PaperEntry(EntryKind.PAYMENT, "4.00", "2026-11-24", "R-1", "Cash"),), outstanding="20.00", notes="n",
        terms="t", bank_details="b", pay_link="https://example.com/pay", applies_to="x", reason="r", method="m",
        reference="ref", period_from="2026-11-01", period_to="2026-11-30", opening_balance="0.00",
        rows=(StatementRow("2026-11-20", EntryKind.INVOICE, "24.00", charge="24.00", number="INV-9"),),
        ages=(StatementAge(AgeBand.NOT_DUE, "24.00"),), credit="1.00", attached=(note,), is_demo=True, logo=b"PNG",
    )  # fmt: skip


def test_json_keeps_everything_but_the_logo():
    paper = full_paper()
    assert all(getattr(paper, f.name) for f in dataclasses.fields(paper)), "the sample must fill every field"
    stored = json.loads(json.dumps(papers.as_json(paper)))
    assert "logo" not in stored
    again = papers.from_json(stored, logo=b"PNG")
    assert again == paper
    assert isinstance(again.lines[0].kind, LineKind)
    assert isinstance(again.attached[0].kind, PaperKind)


def test_from_json_leaves_out_what_it_does_not_know():
    stored = papers.as_json(full_paper()) | {"watermark": "old"}
    stored["lines"][0]["colour"] = "red"
    assert papers.from_json(stored, logo=b"PNG") == full_paper()


@pytest.mark.parametrize("name", [f.name for f in dataclasses.fields(Paper)])
def test_fingerprint_follows_every_field(name):
    paper = full_paper()
    other = {"kind": PaperKind.QUOTE, "status": PaperStatus.VOID, "business": paper.client, "client": paper.business, "logo": b"other", "is_demo": False}  # fmt: skip
    value = getattr(paper, name)
    if name not in other:
        other[name] = () if isinstance(value, tuple) else f"{value}1"
    changed = dataclasses.replace(paper, **{name: other[name]})
    assert papers.fingerprint(changed) != papers.fingerprint(paper)


def test_fingerprint_is_the_same_after_a_round_trip():
    again = papers.from_json(papers.as_json(full_paper()), logo=b"PNG")
    assert papers.fingerprint(again) == papers.fingerprint(full_paper())
