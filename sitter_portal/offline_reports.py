"""The report cards of the visits that the phone keeps: each form once, and how each card stands.

The forms are drawn here, by the macros of the page itself, so that the phone shows what the page shows; it fills them
in, and sends what was typed to `/report/draft`. What is restricted never goes to the phone, files and photos wait.
"""

from collections.abc import Sequence
from typing import Any

from flask import render_template

from models import FieldArea, Job, ReportCard, ReportState
from sign_in import current_actor
from ui_kit import report_form
from workflows import field_kinds, field_layout, field_values, report_cards, report_views
from workflows.field_layout import Layout
from workflows.field_values import Values
from workflows.report_cards import TEXTS


def nothing() -> str:
    """The mark of what is not filled in."""
    return field_kinds.mark(None)


class Kept:
    """Forms and cards of these visits; three queries whatever their number, none while report cards are off."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        #: what the cards name as `form`, to its HTML
        self.forms: dict[str, str] = {}
        is_on = report_views.is_on() and bool(jobs)
        whole = field_layout.layout(FieldArea.REPORT, of_all_kinds=True) if is_on else Layout(())
        self._open = report_cards.writable(whole, actor=current_actor())
        drafts = [job.report_card for job in jobs if job.report_card is not None and _is_draft(job.report_card)]
        self._values = field_values.read_many(drafts) if is_on else {}
        self._named: dict[object, str] = {}

    def of(self, job: Job) -> dict[str, Any]:
        """The card as it stands, with the marks (`seen`) and the version (`base`) that a later save is compared with.

        Of a sent card only that it is sent: it cannot be written any more.
        """
        card = job.report_card
        if card is not None and not _is_draft(card):
            return {"is_sent": True}
        layout = self._open.for_group(job.service_item.group_id)
        values = self._values[card.id] if card is not None else Values(ReportCard())
        open_ = layout.for_phone()
        held = {key: placed for key, placed in open_.fields.items() if values.of(placed.field) is not None}
        texts = {key: getattr(card, key) if card is not None else "" for key in TEXTS}
        marks = {key: field_kinds.mark(values.of(placed.field)) for key, placed in held.items()}
        return {
            "is_sent": False, "base": card.version if card is not None else 0, "form": self._form(layout, open_, values),
            "texts": texts,
            "fields": {key: field_kinds.typed(placed.field, values.of(placed.field)) for key, placed in held.items()},
            "seen": marks | {key: field_kinds.mark(text) for key, text in texts.items() if text},
        }  # fmt: skip

    def _form(self, layout: Layout, open_: Layout, values: Values) -> str:
        """The name of the form: the layout's, or one of the card's own while it holds an answer that is offered no more."""
        more = {
            key: values.of(placed.field)
            for key, placed in open_.fields.items()
            if len(field_kinds.choices(placed.field, values.of(placed.field))) > len(field_kinds.choices(placed.field))
        }
        what = (tuple(layout.fields), tuple(more.items()))
        if what not in self._named:
            name = self._named[what] = str(len(self._named))
            waits = [placed.field.label for key, placed in layout.fields.items() if key not in open_.fields]
            parts = report_form.parts_of(open_, values if more else Values(ReportCard()))
            self.forms[name] = render_template("staff/_offline_report.html", parts=parts, waits=waits)
        return self._named[what]


def _is_draft(card: ReportCard) -> bool:
    return card.state is ReportState.DRAFT
