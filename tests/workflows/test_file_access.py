"""Who may have which file: the household its own and the forms for all, a sitter those of own visits, the office all."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import FilePurpose, JobState, PortalAccess, StaffAccess, StoredFile
from tests import factories as make
from workflows import file_access
from workflows.file_access import may_have

P = FilePurpose


@pytest.fixture
def bobs(cast):
    """A file of Bob's of every purpose: there is something that could leak."""
    return [make.stored_file(cast.bob, purpose=p, name=f"bob {p}") for p in P]


@pytest.mark.covers("D4")
@pytest.mark.parametrize("purpose", [p for p in P if p not in {P.FIELD, P.REPORT}])
def test_a_household_has_its_own_files_and_nobody_elses(cast, bobs, purpose):
    own = make.stored_file(cast.alice, purpose=purpose)
    assert db.session.scalars(sa.select(StoredFile).where(file_access.of_client(cast.alice))).all() == [own]
    assert (may_have(own, cast.alice), may_have(own, cast.bob)) == (True, False)


@pytest.mark.covers("D4")
def test_every_client_has_the_forms_for_all(cast):
    for_all = make.stored_file(cast.alice, purpose=P.FORM)
    for_all.client = None
    staffs = make.stored_file(cast.alice, purpose=P.FORM, staff_id=cast.sam.id)
    staffs.client = None
    stray = make.stored_file(cast.alice, purpose=P.UPLOAD)
    stray.client = None
    db.session.flush()
    assert [may_have(f, cast.bob) for f in (for_all, staffs, stray)] == [True, False, False]


@pytest.mark.covers("D3", "D4")
@pytest.mark.parametrize("hidden", ["page", "section", "field", None])
def test_a_file_of_a_field_is_seen_only_when_field_section_and_page_are(cast, hidden):
    field = make.custom_field()
    file = make.stored_file(cast.alice, purpose=P.FIELD)
    assert not may_have(file, cast.alice)
    make.field_value(field, cast.alice, text=None, file_id=file.id)
    level = {"page": field.section.page, "section": field.section, "field": field}.get(hidden)
    if level is not None:
        level.portal_access = PortalAccess.HIDDEN
    db.session.flush()
    assert (may_have(file, cast.alice), may_have(file, cast.bob)) == (hidden is None, False)
    if hidden is None:
        field.section.page.retired_at = clock.now()
        db.session.flush()
        assert not may_have(file, cast.alice)


def test_nobody_has_what_was_taken_away(cast):
    file = make.stored_file(cast.alice, removed_at=clock.now())
    make.job(cast.alice, cast.walk, sitter=cast.sam)
    assert not any(may_have(file, who) for who in (cast.alice, cast.olivia, cast.max, cast.sam))


@pytest.mark.covers("D4", "V6")
def test_a_sitter_has_photos_and_documents_of_clients_with_own_visits(cast, bobs):
    by_purpose = {p: make.stored_file(cast.alice, purpose=p) for p in P}
    make.job(cast.alice, cast.walk, sitter=cast.sita)
    assert not any(may_have(f, cast.sam) for f in by_purpose.values())
    job = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=make.DAY + dt.timedelta(1))
    seen = {p for p, f in by_purpose.items() if may_have(f, cast.sam)}
    assert seen == {P.PET_PHOTO, P.UPLOAD, P.CERTIFICATE}
    assert not any(may_have(f, cast.sam) for f in bobs)
    job.state, job.cancelled_at = JobState.CANCELLED, clock.now()
    db.session.flush()
    assert not any(may_have(f, cast.sam) for f in by_purpose.values())


@pytest.mark.parametrize(("access", "seen"), [(StaffAccess.VIEW, True), (StaffAccess.RESTRICTED, False), (StaffAccess.HIDDEN, False)])  # fmt: skip
def test_a_sitter_has_the_files_of_fields_that_all_staff_may_see(cast, access, seen):
    field, file = make.custom_field(), make.stored_file(cast.alice, purpose=P.FIELD)
    make.field_value(field, cast.alice, text=None, file_id=file.id)
    make.job(cast.alice, cast.walk, sitter=cast.sam)
    field.staff_access = access
    db.session.flush()
    assert may_have(file, cast.sam) is seen


def test_the_office_has_all_and_who_has_left_has_none(cast, bobs):
    assert all(may_have(f, who) for f in bobs for who in (cast.olivia, cast.max))
    cast.max.is_active = False
    assert not any(may_have(f, cast.max) for f in bobs)


def test_an_id_that_nobody_has_finds_nothing(cast):
    assert file_access.find("x" * 16, file_access.of_office()) is None
    assert (
        file_access.find("nul\0", file_access.of_client(cast.alice)) is None
        if db.engine.dialect.name == "sqlite"
        else True
    )
