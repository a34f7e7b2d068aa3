"""Billing papers for tests: one of each kind, with everything on it that such a paper can have."""

import dataclasses
import io

from PIL import Image, ImageDraw

from workflows.billing.papers import (
    AgeBand,
    EntryKind,
    LineKind,
    Paper,
    PaperEntry,
    PaperKind,
    PaperLine,
    PaperParty,
    PaperTax,
    StatementAge,
    StatementRow,
)

BUSINESS = PaperParty(
    "Maple Lane Pets", ("14 Maple Lane", "Albany, NY 12207"), email="hello@example.com", phone="(518) 555-0134",
    tax_number="EIN 12-3456789", website="maplelane.example",
)  # fmt: skip
CLIENT = PaperParty("Alice Archer", ("2 Oak Street", "Albany, NY 12208"), account_number="1000 000 001")
LINK = "https://portal.example.com/portal/pay/8f3c1d2e9a7b"


def logo() -> bytes:
    """A picture as the settings store it."""
    image = Image.new("RGBA", (300, 100), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((0, 0, 100, 100), fill="#0b6b54")
    out = io.BytesIO()
    image.save(out, "WEBP")
    return out.getvalue()


def lines(n: int) -> tuple[PaperLine, ...]:
    """So many visits of a month, each for 22.50."""
    return tuple(
        PaperLine(
            f"Dog walk {i}", "22.50", LineKind.VISIT, f"2026-11-{1 + i % 28:02}", "Biscuit and Mochi · 12:00 to 12:30",
            unit_price="22.50", tax_name="Sales tax",
        )
        for i in range(n)
    )  # fmt: skip


def invoice(n: int = 3, **changed: object) -> Paper:
    """An invoice with visits, a fee and a discount, a tax, a payment and a credit note, and a way to pay."""
    more = (
        PaperLine("Holiday surcharge", "15.00", LineKind.FEE, "2026-11-26", "", "3", "5.00", "Sales tax"),
        PaperLine("Ten visits or more", "-20.00", LineKind.DISCOUNT),
    )
    paper = Paper(
        PaperKind.INVOICE, "INV-42", "2026-11-23", "USD", BUSINESS, CLIENT, due_on="2026-12-07", lines=lines(n) + more,
        taxes=(PaperTax("Sales tax", "8.875", "1200.00", "106.50"),), subtotal="1180.00", tax_total="106.50",
        total="1286.50", entries=(
            PaperEntry(EntryKind.PAYMENT, "286.50", "2026-11-24", "R-118", "Visa ending in 1881"),
            PaperEntry(EntryKind.CREDIT_NOTE, "25.00", "2026-11-25", "CN-7"),
        ),
        outstanding="975.00", notes="Thank you for trusting us.\nThe key is in the box.", terms="Due within 14 days.",
        bank_details="First Bank of Albany\nAccount 123456789", pay_link=LINK, period_from="2026-11-01",
        period_to="2026-11-28", logo=logo(),
    )  # fmt: skip
    return dataclasses.replace(paper, **changed)


def credit_note(**changed: object) -> Paper:
    """A visit of the invoice above, cancelled in time."""
    paper = Paper(
        PaperKind.CREDIT_NOTE, "CN-7", "2026-11-25", "USD", BUSINESS, CLIENT,
        lines=(PaperLine("Cat visit", "25.00", LineKind.VISIT, "2026-11-27", "Cancelled in time"),), subtotal="25.00",
        total="25.00", applies_to="INV-42", reason="You cancelled it on 24 November.",
    )  # fmt: skip
    return dataclasses.replace(paper, **changed)


def debit_note(**changed: object) -> Paper:
    """A visit that took longer."""
    paper = Paper(
        PaperKind.DEBIT_NOTE, "DN-2", "2026-11-25", "USD", BUSINESS, CLIENT,
        lines=(PaperLine("Extra 15 minutes", "6.00", LineKind.FEE, "2026-11-24"),), subtotal="6.00", total="6.00",
        applies_to="INV-42", terms="It is added to your next payment.", pay_link=LINK,
    )  # fmt: skip
    return dataclasses.replace(paper, **changed)


def receipt(**changed: object) -> Paper:
    """A payment for one invoice, with a tip, and something over."""
    paper = Paper(
        PaperKind.RECEIPT, "R-118", "2026-11-24", "USD", BUSINESS, CLIENT, total="400.00", method="Visa ending in 1881",
        reference="ch_8f3c1d", entries=(
            PaperEntry(EntryKind.INVOICE, "380.00", "2026-11-23", "INV-42"),
            PaperEntry(EntryKind.TIP, "8.00", text="For Sam"),
            PaperEntry(EntryKind.CREDIT, "12.00"),
        ),
        outstanding="975.00", credit="12.00",
    )  # fmt: skip
    return dataclasses.replace(paper, **changed)


def refund(**changed: object) -> Paper:
    """Money back to the card."""
    paper = Paper(
        PaperKind.REFUND_RECEIPT, "RF-3", "2026-11-26", "USD", BUSINESS, CLIENT, total="25.00",
        method="Visa ending in 1881", reference="ref_91", reason="Cat visit of 27 November.",
        entries=(PaperEntry(EntryKind.INVOICE, "25.00", "2026-11-23", "INV-42"),),
    )  # fmt: skip
    return dataclasses.replace(paper, **changed)


def statement(n: int = 4, **changed: object) -> Paper:
    """A month with so many invoices, each paid in part."""
    rows = []
    for i in range(n):
        day, balance = f"2026-11-{1 + i % 28:02}", 120 + 50 * i
        rows.append(StatementRow(day, EntryKind.INVOICE, f"{balance + 100}.00", charge="100.00", number=f"INV-{i}"))
        rows.append(StatementRow(day, EntryKind.PAYMENT, f"{balance + 50}.00", credit="50.00", text="Cash"))
    ages = zip(AgeBand, ("200.00", "75.00", "45.00", "0.00", "0.00"), strict=True)
    paper = Paper(
        PaperKind.STATEMENT, "", "2026-11-30", "USD", BUSINESS, CLIENT, period_from="2026-11-01",
        period_to="2026-11-30", opening_balance="120.00", rows=tuple(rows), outstanding=f"{120 + 50 * n}.00",
        ages=tuple(StatementAge(band, amount) for band, amount in ages), credit="12.00", pay_link=LINK,
    )  # fmt: skip
    return dataclasses.replace(paper, **changed)


#: one of each kind
SAMPLES = {
    "invoice": invoice(attached=(credit_note(),)),
    "quote": invoice(kind=PaperKind.QUOTE, number="Q-9", entries=(), outstanding=""),
    "credit_note": credit_note(),
    "debit_note": debit_note(),
    "receipt": receipt(),
    "refund_receipt": refund(),
    "statement": statement(),
}
