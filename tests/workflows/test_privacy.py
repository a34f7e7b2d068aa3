"""S8: everything about one client as a file, and nothing of them left after erasing but what the books need."""

import datetime as dt
import io
import json
import tracemalloc
import zipfile

import pytest
import sqlalchemy as sa

from documents import client_data
from foundation import clock, sealing, storage
from foundation.db import Base, db
from models import (
    Activity,
    ClientStatus,
    Comment,
    FilePurpose,
    GatewayMode,
    Invoice,
    Job,
    JobState,
    MailState,
    MethodKind,
    OutboxMail,
    StoredFile,
    StoredMethod,
)
from tests import desk_factories
from tests import factories as make
from tests.databases import count, statements
from workflows import erasing, files, letters, outbox, people, privacy
from workflows.actors import client_actor
from workflows.errors import Invalid, NotAllowed, WrongState
from workflows.mail_facts import LetterFacts, MailKind

pytestmark = pytest.mark.covers("S8")

PAST = dt.date(2026, 10, 1)
#: what is written everywhere about the client, as nobody else would be called
WORDS = ("Xaverina", "Quxington", "xq@example.org", "+14135559876", "Zyzzyva Lane", "Fluffernut", "Wörtchen", "Grumblegate", "4711-secret")  # fmt: skip


@pytest.fixture
def xaverina(cast):
    """A client with something in every table."""
    first, last, email, phone, street, pet_name, contact, free, secret = WORDS
    client = make.client(first, last, email=email, phone=phone, address_line1=street, city=free, notes=free)
    login = make.client_login(client)
    make.sign_in(login, device=free)
    make.client_contact(client, contact, email=f"{contact.lower()}@example.org", phone=phone, relation=free)
    pet = make.pet(client, pet_name, notes=free, warning=free, feeding=free, breed=free)
    make.client_sitter(client, cast.sita, note=free)
    make.client_price(client, cast.walk)
    job = make.job(client, cast.walk, on_date=PAST, pets=[pet], sitter=cast.sam, note=free, staff_note=free, cancel_reason=free, fee_reason=free)  # fmt: skip
    job.state = JobState.COMPLETED
    make.visit_check(job, latitude=42.3, longitude=-72.6, reason=free)
    make.visit_alert(job, facts={"client": str(client)})
    make.report_card(job, message=free, office_note=free, thanks=free)
    for record in (client, pet, job):
        make.FACTORIES[Comment](record, body=f"{first} {pet_name} {free}")
    make.key_move(make.key(client, name=free, description=free), note=free)
    make.sitter_message(cast.sam, job=job, body=free)
    request = make.sent_request(client, cast.walk, n_lines=1, first_on=PAST, pets=[pet], note=free, state=make.LineState.DECLINED, decline_reason=free)  # fmt: skip
    make.request_message(request, free, author_name=str(client))
    make.basket(client, cast.walk, note=free, pets=[pet])
    series = make.repeat(client, cast.walk, starts_on=PAST, ends_on=PAST, pets=[pet], note=free, staff_note=free)
    make.repeat_pause(series, PAST, reason=free)
    change = make.change_request(client, body=free, is_open=False)
    make.change_item(
        change, job, old={"service": "Dog walk", "note": free, "pets": [pet_name]}, new_note=free, note=free
    )
    secret_field = make.custom_field(label="Alarm", is_secret=True)
    make.field_value(secret_field, client, text=None, sealed=sealing.seal(json.dumps(secret)))
    make.field_value(make.custom_field(label="Way in"), client, text=free)
    make.field_value(make.custom_field(make.field_section(make.field_page(make.FieldArea.PET))), pet=pet, text=free)
    make.field_proposal(make.custom_field(), client, facts={"old": None, "new": free}, answer=free)
    make.vet_proposal(client, name=free, note=free)
    make.vaccination(pet, name=free)
    make.agreement_acceptance(client=client, typed_name=str(client))
    letters.write_as_client(client, body=free, actor=client_actor(client, login))
    make.registration(email=email, first_name=first, last_name=last, client=client)
    make.calendar_feed(login)
    key = storage.here().put(b"a photo", folder="files", suffix="webp")
    make.stored_file(client=client, name=f"{free}.jpg", note=free, key=key, purpose=FilePurpose.UPLOAD)
    people.change_client(client, {"city": f"{free} Town"}, actor=cast.as_olivia)
    outbox.queue_client_mail(MailKind.LETTER_TO_CLIENT, LetterFacts(str(client), client.account_number, free, "x"), client=client)  # fmt: skip
    outbox.queue_mail(MailKind.LETTER_TO_OFFICE, LetterFacts(str(client), "1", f"{free} of {client}", "x"), to="desk@example.com")  # fmt: skip
    run = make.bulk_run(failures=[{"job_id": job.id, "why": "No", "values": {"label": f"Dog walk, {client}"}}])
    desk_factories.mail_refusal(email, client_id=client.id, reason=free)
    desk_factories.merge_note(client, facts={"steps": [{"table": "client_contact", "rows": [{"name": free}]}]})
    make.activity_line(verb="list.exported", facts={"search": str(client)})
    assert run.failures
    for mail in db.session.scalars(sa.select(OutboxMail)):
        mail.state, mail.subject, mail.body_text = MailState.SENT, f"For {client}", free
    db.session.commit()
    return client


def everywhere(words):
    """(table, column, word) wherever one of these stands, in any column of any table."""
    found = set()
    for table in Base.metadata.tables.values():
        for row in db.session.execute(sa.select(table)).mappings():
            for column, value in row.items():
                text = f"{value} {json.dumps(value, default=str, ensure_ascii=False)}"
                found |= {(table.name, column, w) for w in words if w.casefold() in text.casefold()}
    return found


def test_every_table_that_can_name_a_client_is_either_deleted_or_kept(app):
    lists = (privacy.GONE, privacy.KEPT, privacy.BOOKS)
    assert sorted(privacy.tables()) == sorted(name for names in lists for name in names)


def test_the_fixture_writes_into_all_these_tables(xaverina):
    of = privacy.rows_of(xaverina.id)
    empty = {n for n, where in of.items() if not db.session.scalar(sa.select(sa.func.count()).select_from(Base.metadata.tables[n]).where(where))}  # fmt: skip
    assert empty <= {
        "authenticator",
        "recovery_code",
        "passkey",
        "agreement_client",
        "repeat_skip",
        "change_item_pet",
        *privacy.BOOKS,
    }


def test_nothing_of_the_client_is_found_in_any_column_of_any_table(cast, xaverina):
    assert {w for _t, _c, w in everywhere(WORDS[:-1])} == set(WORDS[:-1])
    others = everywhere(["Alice Archer", "Bob Baker", "Biscuit"])
    number, n_jobs = xaverina.account_number, count(Job)
    erasing.erase(xaverina, typed=f" {number[:4]} {number[4:]}", actor=cast.as_olivia)
    db.session.commit()
    assert everywhere(WORDS) == set()
    assert everywhere(["Alice Archer", "Bob Baker", "Biscuit"]) == others
    assert (str(xaverina), xaverina.account_number, xaverina.status, count(Job)) == ("Erased client", number, ClientStatus.ARCHIVED, n_jobs)  # fmt: skip
    assert xaverina.erased_at is not None
    (job,) = db.session.scalars(sa.select(Job).where(Job.client_id == xaverina.id))
    assert (job.price, job.sitter, job.on_date, [p.name for p in job.pets]) == (20, cast.sam, PAST, ["Pet"])
    lines = db.session.scalars(sa.select(Activity).where(Activity.client_id == xaverina.id).order_by(Activity.id)).all()
    assert [(a.verb, a.actor_name) for a in lines[-1:]] == [("client.erased", "Olivia Owens")]
    assert {a.actor_name for a in lines} <= {"Client", "Olivia Owens"}


def test_the_bytes_of_the_files_go_with_the_next_cleaning(cast, xaverina):
    (file,) = db.session.scalars(sa.select(StoredFile).where(StoredFile.client_id == xaverina.id))
    key = file.key
    erasing.erase(xaverina, typed=xaverina.account_number, actor=cast.as_olivia)
    db.session.commit()
    while files.forget_removed():
        db.session.commit()
    assert storage.here().read(key) is None
    assert count(StoredFile, StoredFile.client_id == xaverina.id) == 0


def test_erasing_is_refused_for_others_with_a_wrong_number_and_twice(cast, xaverina):
    for actor in (cast.as_max, cast.as_sam, client_actor(xaverina)):
        with pytest.raises(NotAllowed):
            erasing.erase(xaverina, typed=xaverina.account_number, actor=actor)
    for typed in ("", "123", cast.alice.account_number):
        with pytest.raises(Invalid) as no:
            erasing.erase(xaverina, typed=typed, actor=cast.as_olivia)
        assert no.value.field == "typed"
    erasing.erase(xaverina, typed=xaverina.account_number, actor=cast.as_olivia)
    for again in (
        lambda: erasing.erase(xaverina, typed=xaverina.account_number, actor=cast.as_olivia),
        lambda: people.change_client(xaverina, {"first_name": "New"}, actor=cast.as_olivia),
    ):
        with pytest.raises(WrongState):
            again()


def test_what_is_ahead_or_waits_stands_against_it(cast, xaverina):
    ways = {
        "visits_ahead": lambda: make.job(xaverina, cast.walk),
        "requests_wait": lambda: make.sent_request(xaverina, cast.walk),
        "series_go_on": lambda: make.repeat(xaverina, cast.walk),
        "mail_waits": lambda: outbox.queue_mail(
            MailKind.LETTER_TO_OFFICE, LetterFacts(str(xaverina), "1", "x", "x"), to="desk@example.com"
        ),  # fmt: skip
    }
    for code, make_it in ways.items():
        make_it()
        db.session.flush()
        with pytest.raises(WrongState) as no:
            erasing.erase(xaverina, typed=xaverina.account_number, actor=cast.as_olivia)
        assert no.value.code == code
        db.session.rollback()
    assert xaverina.erased_at is None


def test_whoever_was_signed_in_is_out(cast, xaverina):
    from models import SignIn

    assert count(SignIn) == 1
    erasing.erase(xaverina, typed=xaverina.account_number, actor=cast.as_olivia)
    assert count(SignIn) == 0


def unzipped(made):
    data = client_data.manifest(made.head, made.tables)
    archive = zipfile.ZipFile(io.BytesIO(b"".join(client_data.parts(data, made.files, storage.here().read))))
    assert archive.testzip() is None
    return archive, json.loads(archive.read("data.json"))


def test_the_export_holds_every_table_and_file_of_this_client_and_of_nobody_else(cast, xaverina):
    archive, data = unzipped(privacy.export(xaverina, actor=cast.as_olivia))
    assert set(privacy.tables()) - {"search_entry"} <= set(data)
    text = json.dumps(data, ensure_ascii=False)
    assert [w for w in WORDS if w not in text] == []
    assert [w for w in ("Alice Archer", "Bob Baker", "password_hash", "token_hash", "sealed") if w in text] == []
    assert [archive.read(n) for n in archive.namelist() if n.startswith("files/")] == [b"a photo"]
    (line,) = [a for a in db.session.query(Activity) if a.verb == "client.exported"]
    assert (line.client_id, line.facts) == (xaverina.id, {"with_secrets": True})


def test_without_the_permission_secrets_are_masked_or_nothing_is_handed_over(cast, xaverina):
    make.role_permission(permission="office:secrets:read")
    db.session.commit()
    from workflows import settings

    settings.forget()
    _archive, data = unzipped(privacy.export(xaverina, actor=cast.as_max))
    assert "4711-secret" not in json.dumps(data)
    assert {"field": "Alarm", "pet_id": None, "value": "••••"} in data["field_value"]
    for actor in (cast.as_sam, client_actor(xaverina)):
        with pytest.raises(NotAllowed):
            privacy.export(xaverina, actor=actor)


def test_a_large_history_is_handed_over_a_few_rows_at_a_time(cast, xaverina):
    """30 MB of mails: what is in memory stays small, and every row is there."""
    body = "x" * 100_000
    for n in range(300):
        make.outbox_mail(client=xaverina, to_address="xq@example.org", subject=f"No {n}", body_text=body, body_html="")
    db.session.commit()
    db.session.expunge_all()
    made = privacy.export(db.session.get(type(xaverina), xaverina.id), actor=cast.as_olivia)
    tracemalloc.start()
    data = client_data.manifest(made.head, made.tables)
    pieces = [len(piece) for piece in client_data.parts(data, [], storage.here().read)]
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Fifty rows of 100 kB, and what packing takes.
    assert (peak < 20 * 2**20, max(pieces) < 2**17) == (True, True), (peak, max(pieces))


def test_the_export_takes_as_many_queries_for_ten_pets_as_for_one(cast, xaverina):
    def cost():
        made = privacy.export(xaverina, actor=cast.as_olivia)
        with statements() as sent:
            client_data.manifest(made.head, made.tables).close()
        return len(sent)

    few = cost()
    for n in range(10):
        make.pet(xaverina, f"Pet {n}")
    assert cost() == few


def test_the_books_stay_word_for_word_and_stored_cards_must_go_first(cast, xaverina):
    invoice = Invoice(client=xaverina, currency="USD", note="For Xaverina, as agreed")
    card = StoredMethod(client=xaverina, kind=MethodKind.CARD, mode=GatewayMode.DEMO, token="tok-1", brand="Visa", last4="1111")  # fmt: skip
    db.session.add_all([invoice, card])
    db.session.commit()
    with pytest.raises(WrongState) as refused:
        erasing.erase(xaverina, typed=xaverina.account_number, actor=cast.as_olivia)
    assert refused.value.code == "methods_stored"
    card.removed_at = clock.now()
    db.session.commit()
    erasing.erase(xaverina, typed=xaverina.account_number, actor=cast.as_olivia)
    db.session.commit()
    db.session.expire_all()
    assert (invoice.note, card.token, str(xaverina)) == ("For Xaverina, as agreed", "tok-1", "Erased client")
