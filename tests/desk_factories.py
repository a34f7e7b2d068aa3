"""Rows of the office's desk for tests: mail templates, imports, archives, saved views, comments."""

import itertools
from collections.abc import Callable
from typing import Any

from foundation.db import Base, db
from models import (
    Comment,
    DataArchive,
    DemoRecord,
    DistinctPair,
    ImportedRecord,
    ImportKind,
    ImportMapping,
    ImportRow,
    ImportRun,
    ListColumns,
    Mailing,
    MailRefusal,
    MailTemplate,
    MailTemplateVersion,
    MergedRecord,
    MergeNote,
    RefusalKind,
    RowOutcome,
    SavedView,
    SearchEntry,
    SearchKind,
    Sign,
    SignOfLife,
    Staff,
)
from tests import factories
from workflows.mail_facts import MailKind

_number = itertools.count(1)
_kinds = itertools.cycle(MailKind)


def _put(row: Any) -> Any:
    db.session.add(row)
    db.session.flush()
    return row


def mail_template(kind: str = "", **more: Any) -> MailTemplate:
    return _put(MailTemplate(kind=kind or next(_kinds).value, **more))


def mail_template_version(template: MailTemplate | None = None, **more: Any) -> MailTemplateVersion:
    template = template or mail_template()
    values = {"number": next(_number), "subject": "News of {COMPANY_NAME}", "body": "Hello {CLIENT_FORENAME},"}
    return _put(MailTemplateVersion(template_id=template.id, **{**values, **more}))


def mail_refusal(address: str = "", kind: RefusalKind = RefusalKind.BOUNCED, **more: Any) -> MailRefusal:
    return _put(MailRefusal(address=address or f"gone{next(_number)}@example.com", kind=kind, **more))


def mailing(subject: str = "We are away in May", **more: Any) -> Mailing:
    return _put(Mailing(subject=subject, body="Dear {CLIENT_FORENAME}, we are away.", **more))


def import_run(kind: ImportKind = ImportKind.CLIENTS, **more: Any) -> ImportRun:
    values = {"name": "clients.csv", "key": f"imports/{next(_number)}.csv", "n_bytes": 100}
    return _put(ImportRun(kind=kind, **{**values, **more}))


def import_row(run: ImportRun | None = None, outcome: RowOutcome = RowOutcome.NEW, **more: Any) -> ImportRow:
    run = run or import_run()
    return _put(ImportRow(run_id=run.id, outcome=outcome, **{"number": next(_number), **more}))


def imported_record(record_id: int = 1, kind: ImportKind = ImportKind.CLIENTS, **more: Any) -> ImportedRecord:
    return _put(ImportedRecord(kind=kind, record_id=record_id, **{"foreign_key": f"A-{next(_number)}", **more}))


def import_mapping(kind: ImportKind = ImportKind.CLIENTS, **more: Any) -> ImportMapping:
    return _put(ImportMapping(kind=kind, **{"name": f"Our old program {next(_number)}", **more}))


def data_archive(**more: Any) -> DataArchive:
    return _put(DataArchive(**more))


def demo_record(table_name: str = "client", row_id: int | None = None) -> DemoRecord:
    return _put(DemoRecord(table_name=table_name, row_id=row_id or next(_number)))


def search_entry(**more: Any) -> SearchEntry:
    values = {"kind": SearchKind.VET, "record_id": 1_000 + next(_number), "title": "High Street Vets"}
    return _put(SearchEntry(**{**values, **more}))


def saved_view(staff: Staff | None = None, list_name: str = "clients", **more: Any) -> SavedView:
    staff = staff or factories.staff()
    values = {"name": f"Mine {next(_number)}", "arguments": "view=all"}
    return _put(SavedView(staff_id=staff.id, list_name=list_name, **{**values, **more}))


def sign_of_life(sign: Sign = Sign.WORKER, **more: Any) -> SignOfLife:
    return _put(SignOfLife(sign=sign, **more))


def list_columns(staff: Staff | None = None, list_name: str = "clients", **more: Any) -> ListColumns:
    staff = staff or factories.staff()
    return _put(ListColumns(staff_id=staff.id, list_name=list_name, **{"names": "name,city", **more}))


def distinct_pair(
    record_type: str = "client", first_id: int | None = None, second_id: int | None = None
) -> DistinctPair:
    first = first_id or next(_number)
    return _put(
        DistinctPair(record_type=record_type, first_id=first, second_id=second_id or first + 1, staff_name="Olivia")
    )


def merged_record(record_type: str = "client", record_id: int | None = None, into_id: int = 1) -> MergedRecord:
    return _put(MergedRecord(record_type=record_type, record_id=record_id or next(_number), into_id=into_id))


def merge_note(client: Any = None, **more: Any) -> MergeNote:
    client = client or factories.client()
    values = {"record_type": "client", "record_id": next(_number), "into_id": client.id, "client_id": client.id}
    return _put(
        MergeNote(**{**values, "facts": {"steps": [], "values": {"stays": {}, "goes": {}}, "high": {}}, **more})
    )


def comment(subject: Any = None, **more: Any) -> Comment:
    subject = subject or factories.client()
    values = {"subject_type": subject.__tablename__, "subject_id": subject.id, "body": "Rings twice, please."}
    return _put(Comment(**{**values, **more}))


DESK_FACTORIES: dict[type[Base], Callable[..., Any]] = {
    Comment: comment,
    DataArchive: data_archive,
    DemoRecord: demo_record,
    ImportMapping: import_mapping,
    ImportRow: import_row,
    ImportRun: import_run,
    ImportedRecord: imported_record,
    ListColumns: list_columns,
    SignOfLife: sign_of_life,
    MailRefusal: mail_refusal,
    MailTemplate: mail_template,
    MailTemplateVersion: mail_template_version,
    Mailing: mailing,
    DistinctPair: distinct_pair,
    MergeNote: merge_note,
    MergedRecord: merged_record,
    SavedView: saved_view,
    SearchEntry: search_entry,
}
