"""What the sitter earned: not paid yet, and the statements of earlier pay runs. Own ones only."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from documents.pay_statement import kind_words, sum_words, text_words
from foundation import clock
from models import PayRunState, PayStatement, Staff
from sign_in import current_actor, current_staff
from sitter_portal.frame import frame
from ui_kit import paper_files
from workflows.pay import previews, statements
from workflows.pay.previews import Counts, SitterPay
from workflows.permissions import Permission

pages = Blueprint("sitter_pay", __name__, url_prefix="/staff/pay")
LINES_A_PAGE, MOST_STATEMENTS = 20, 36


@pages.get("")
def show() -> str:
    """What is on no run yet, and the statements."""
    staff = _own()
    found = previews.preview(clock.today(), [staff.id]).sitters
    own = found[0] if found else SitterPay(staff, (), Counts())
    return render_template(
        "staff/pay.html", frame=frame(staff), nav="pay", own=own, **_some(own.lines[::-1]), statements=statements.of_sitter(staff, most=MOST_STATEMENTS),
        kind_words=kind_words, text_words=text_words,
    )  # fmt: skip


@pages.get("/<public_id:statement_id>/")
def statement(statement_id: str) -> str:
    """One statement with its lines."""
    staff = _own()
    found = _statement(staff, statement_id)
    return render_template(
        "staff/pay_statement.html", frame=frame(staff), nav="pay", statement=found, run=found.run,
        **_some(found.lines), sums=statements.sums(found.lines),
        n_days=statements.n_days(found.lines), is_undone=found.run.state is PayRunState.UNDONE, kind_words=kind_words,
        text_words=text_words, sum_words=sum_words,
    )  # fmt: skip


@pages.get("/<public_id:statement_id>/pdf")
def pdf(statement_id: str) -> Response:
    """The statement to be saved."""
    return paper_files.pay_statement(_statement(_own(), statement_id))


def _some(lines: Sequence[Any]) -> dict[str, Any]:
    """The lines of the page that is asked for, its number, and whether there are more."""
    text = request.args.get("page", "")
    number = int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 5 else 1
    first = (max(number, 1) - 1) * LINES_A_PAGE
    return {
        "lines": lines[first : first + LINES_A_PAGE],
        "number": number,
        "has_more": len(lines) > first + LINES_A_PAGE,
    }


def _own() -> Staff:
    """The sitter, if the office lets sitters see their pay."""
    staff = current_staff() or abort(403)
    if not current_actor().may(Permission.OWN_PAY):
        abort(403)
    return staff


def _statement(staff: Staff, statement_id: str) -> PayStatement:
    return statements.get(statement_id, staff=staff) or abort(404)
