"""Mails of the office's own: what is refused, who is left out, one mail each whatever happens to the worker."""

import re

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from mailer.deliver import claim
from mailer.message import compose
from mailer.render import render
from models import (
    Activity,
    BulkRun,
    BulkState,
    ClientContact,
    ClientStatus,
    Mailing,
    MailRefusal,
    MailState,
    OutboxMail,
    RefusalKind,
)
from tests import desk_factories, factories
from workflows import bulk, erasing, mail_refusals, mailings
from workflows.errors import Invalid, NotAllowed, WrongState
from workflows.mail_facts import MailKind
from workflows.mail_texts import NotUsable
from workflows.outbox import queue_mail

pytestmark = pytest.mark.covers("S4")
BODY = "Dear {CLIENT_FORENAME} {CLIENT_SURNAME} ({CLIENT_ACCOUNT_NUMBER}),\n\n{COMPANY_NAME} is away."
KEY = "k" * 40


def run_of(mailing):
    return db.session.get_one(BulkRun, mailing.run_id)


def ordered(clients, actor, *, is_news=False, body=BODY):
    mailing = mailings.order("We are away", body, [c.id for c in clients], is_news=is_news, chosen={}, actor=actor)
    db.session.commit()
    return mailing


def finish(mailing):
    run = run_of(mailing)
    while bulk.work(run.id):
        db.session.commit()
    db.session.commit()
    return run


def contact(client, name, email, *, receives_copies=True):
    db.session.add(ClientContact(client=client, name=name, email=email, receives_copies=receives_copies))
    db.session.flush()


def verbs():
    return list(db.session.scalars(sa.select(Activity.verb).order_by(Activity.id)))


def test_each_gets_one_mail_in_the_ordered_words_with_their_own_values_only(cast, outbox):
    mailing = ordered([cast.alice, cast.bob], cast.as_olivia)
    run = finish(mailing)
    assert (run.state, run.n_done, run.failures) == (BulkState.DONE, 2, [])
    for client, other in ((cast.alice, cast.bob), (cast.bob, cast.alice)):
        mail = outbox.one(MailKind.OWN_MAIL, to=client.email)
        made = render(mail)
        assert made.subject == "We are away"
        assert f"Dear {client} ({client.account_number_grouped})" in made.text
        assert "is away." in made.html
        for own in (other.first_name, other.last_name, other.account_number_grouped, other.email):
            assert own not in made.text + made.html
        assert "unsubscribe" not in made.text
        assert "List-Unsubscribe" not in compose(mail, made).as_string()
    assert [v for v in verbs() if v.startswith("mailing")] == ["mailing.ordered", "mailing.sent", "mailing.sent", "mailing.done"]  # fmt: skip


def test_who_cannot_be_written_to_is_left_out_and_listed(cast, outbox):
    nobody = factories.client("No", "Address", email=None)
    old = factories.client("Old", "One", email="old@example.com", status=ClientStatus.ARCHIVED)
    back = factories.client("Back", "Comes", email="Back@Example.com")
    spared = factories.client("Wants", "None", email="Spared@example.com")
    desk_factories.mail_refusal("back@example.com")
    desk_factories.mail_refusal("spared@example.com", RefusalKind.UNSUBSCRIBED, client_id=spared.id)
    everybody = [cast.alice, nobody, old, back, spared]
    assert mailings.count_reachable([c.id for c in everybody]) == 2
    run = finish(ordered(everybody, cast.as_max, is_news=True))
    assert {f["values"]["label"]: f["why"] for f in run.failures} == {
        "No Address": "Has no mail address.", "Old One": "Archived.", "Back Comes": "Mails to this address come back.",
        "Wants None": "Wants no news by mail.",
    }  # fmt: skip
    assert [m.to_address for m in outbox.mails()] == [cast.alice.email]
    anew = bulk.retry(run, actor=cast.as_max) if mailings.count_reachable([spared.id], is_news=True) else None
    assert anew is None
    finish(ordered(everybody, cast.as_max))  # what they must know goes to them all the same
    assert {m.to_address for m in outbox.mails()} == {cast.alice.email, spared.email}
    with pytest.raises(Invalid) as none:
        ordered([nobody, old, back, spared], cast.as_max, is_news=True)
    assert none.value.code == "nobody_reachable"


def test_what_is_refused(cast):
    for subject, body, code in (
        ("", "x", "no_subject"), ("x", " ", "no_body"), ("x", "{INVOICE_TOTAL}", "unknown_code"),
        ("x", "{IF CLIENT_NAME}x", "open_if"), ("{CLIENT_PORTAL_URL}", "x", "not_in_subject"),
    ):  # fmt: skip
        with pytest.raises(NotUsable) as no:
            mailings.order(subject, body, [cast.alice.id], is_news=False, chosen={}, actor=cast.as_olivia)
        assert no.value.code == code
    for ids, code in (([], "nobody"), ([999_999], "nobody"), (range(1, 5003), "too_many")):
        with pytest.raises(Invalid) as no:
            mailings.order("x", "x", ids, is_news=False, chosen={}, actor=cast.as_olivia)
        assert no.value.code == code
    with pytest.raises(NotAllowed):
        mailings.order("x", "x", [cast.alice.id], is_news=False, chosen={}, actor=cast.as_sam)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Mailing)) == 0


def test_a_worker_that_dies_between_pieces_sends_nothing_twice(cast, outbox, monkeypatch):
    monkeypatch.setattr(mailings, "AT_ONCE", 2)
    clients = [factories.client(f"C{n}", email=f"c{n}@example.com") for n in range(5)]
    mailing = ordered(clients, cast.as_olivia)
    run_id = mailing.run_id
    assert bulk.work(run_id)
    db.session.commit()
    assert bulk.work(run_id)
    db.session.rollback()  # killed before its commit
    run = finish(mailing)
    assert (run.n_done, run.failures, len(outbox)) == (5, [], 5)
    run.state, run.n_done = BulkState.RUNNING, 0  # even if all of it was done once more
    finish(mailing)
    assert len(outbox) == 5
    assert verbs().count("mailing.sent") == 5


def test_what_waits_is_called_back_what_failed_goes_again_and_both_only_once(cast, outbox, monkeypatch):
    monkeypatch.setattr(mailings, "AT_ONCE", 3)
    clients = [factories.client(f"C{n}", email=f"c{n}@example.com") for n in range(5)]
    other = finish(ordered(clients, cast.as_olivia))
    run = run_of(ordered(clients, cast.as_olivia))
    assert bulk.work(run.id)
    db.session.commit()
    mails = outbox.mails()[5:]
    assert {m.next_at - clock.now() for m in mails} == {mailings.HOLD}
    mails[0].state = MailState.SENDING
    db.session.commit()
    for press in (mailings.call_back, mailings.send_again):
        with pytest.raises(NotAllowed):
            press(run, actor=cast.as_sam)
    assert mailings.call_back(run, actor=cast.as_max) == 2  # two wait, one is leaving, two were still to come
    db.session.commit()
    db.session.expire_all()
    assert (run.state, bulk.work(run.id), len(outbox)) == (BulkState.STOPPED, False, 8)
    assert [m.state for m in outbox.mails()[5:]] == [MailState.SENDING, MailState.CANCELLED, MailState.CANCELLED]
    assert mailings.states(mailings.of_run(other)) == {MailState.QUEUED: 5}  # another order's are not touched
    for press, code in ((mailings.call_back, "mail_left"), (mailings.send_again, "none_failed")):
        with pytest.raises(WrongState) as no:
            press(run, actor=cast.as_max)
        assert no.value.code == code
    mails[0].state, mails[0].attempts = MailState.FAILED, 9
    db.session.commit()
    assert mailings.send_again(run, actor=cast.as_max) == 1
    db.session.commit()
    db.session.refresh(mails[0])
    assert (mails[0].state, mails[0].attempts) == (MailState.QUEUED, 0)
    assert [v for v in verbs() if v.startswith("mailing")][-3:] == ["mailing.stopped", "mailing.called_back", "mailing.retried"]  # fmt: skip


def test_the_link_in_news_spares_and_takes_back_once_and_is_logged(app, cast, outbox):
    finish(ordered([cast.alice], cast.as_olivia, is_news=True))
    mail = outbox.one(MailKind.OWN_MAIL)
    made = render(mail)
    link = next(line for line in made.text.splitlines() if "/portal/unsubscribe/" in line)
    assert f'href="{link}"' in made.html
    mail.facts = {**mail.facts, "address": "a" * 60 + "@" + "example." * 15 + "com"}  # longer than a header's line
    made = render(mail)
    long_link = re.search(r"\S+/portal/unsubscribe/\S+", made.text)[0]
    assert len(long_link) > 100
    headers = bytes(compose(mail, made)).decode()
    assert f"\r\nList-Unsubscribe: <{long_link}>\r\n" in headers
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in headers
    reader = mail_refusals.read_link(app.config["SECRET_KEY"], link.rpartition("/")[2])
    assert reader == (cast.alice, cast.alice.email)
    assert [mail_refusals.unsubscribe(reader), mail_refusals.unsubscribe(reader)] == [True, False]
    assert mail_refusals.unsubscribed() == {cast.alice.email}
    assert mail_refusals.bounced() == set()
    assert [mail_refusals.subscribe(reader), mail_refusals.subscribe(reader)] == [True, False]
    assert verbs()[-2:] == ["mail_refusal.unsubscribed", "mail_refusal.subscribed"]
    token = mail_refusals.sign_link(KEY, cast.alice.id, cast.alice.email)
    for dead in ("", "a.b", token[:-2], mail_refusals.sign_link("o" * 40, cast.alice.id, "a@b.c"), mail_refusals.sign_link(KEY, 0, "")):  # fmt: skip
        with pytest.raises(Invalid) as no:
            mail_refusals.read_link(KEY, dead)
        assert no.value.code == "link_dead"
    cast.alice.erased_at = clock.now()
    gone = mail_refusals.read_link(KEY, token)
    assert (gone.client, mail_refusals.unsubscribe(gone), mail_refusals.subscribe(gone)) == (None, False, False)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(MailRefusal)) == 0


def test_erasing_a_client_takes_what_was_written_to_them_alone(cast):
    zoe = factories.client("Zoelina", "Quarrel", email="zoelina@example.com")
    alone, many = ordered([zoe], cast.as_olivia, body="Your cat is fine."), ordered([zoe, cast.bob], cast.as_olivia)
    zoe.email = None
    for mailing in (alone, many):
        finish(mailing)
    assert run_of(many).failures[0]["values"]["label"] == "Zoelina Quarrel"
    db.session.execute(sa.delete(OutboxMail))
    erasing.erase(zoe, typed=zoe.account_number, actor=cast.as_olivia)
    db.session.commit()
    assert (alone.subject, alone.body, many.body) == ("", "", BODY)
    assert "Zoelina" not in str(run_of(many).failures)


def test_contacts_with_copies_get_them_and_news_in_a_mail_of_their_own(app, cast, outbox):
    contact(cast.alice, "Anton", email="anton@example.com")
    contact(cast.alice, "Agnes", email="agnes@example.com", receives_copies=False)
    contact(cast.alice, "Alice again", email=cast.alice.email.upper())
    finish(ordered([cast.alice], cast.as_olivia))
    mail = outbox.one(MailKind.OWN_MAIL)
    assert (mail.to_address, mail.cc_addresses) == (cast.alice.email, ["anton@example.com"])
    news = ordered([cast.alice], cast.as_olivia, is_news=True)
    finish(news)
    mails = outbox.mails()[1:]
    assert [(m.to_address, m.cc_addresses) for m in mails] == [(cast.alice.email, []), ("anton@example.com", [])]
    for mail in mails:
        token = re.search(r"/portal/unsubscribe/(\S+)", render(mail).text)[1]
        reader = mail_refusals.read_link(app.config["SECRET_KEY"], token)
        assert reader == (cast.alice, mail.to_address)
    assert mailings.states(news) == {MailState.QUEUED: 2}
    assert mailings.call_back(run_of(news), actor=cast.as_olivia) == 2
    assert mail_refusals.unsubscribe(reader)  # Anton; Alice still reads them
    finish(ordered([cast.alice], cast.as_olivia, is_news=True))
    assert [(m.to_address, m.state) for m in outbox.mails()[3:]] == [(cast.alice.email, MailState.QUEUED)]


def test_whose_own_address_does_not_work_is_written_to_through_the_contacts(cast, outbox):
    cast.alice.email = None
    contact(cast.alice, "Anton", email="anton@example.com")
    contact(cast.bob, "Berta", email="berta@example.com")
    desk_factories.mail_refusal(cast.bob.email)
    finish(ordered([cast.alice, cast.bob], cast.as_olivia))
    assert {m.to_address: m.cc_addresses for m in outbox.mails()} == {"anton@example.com": [], "berta@example.com": []}
    desk_factories.mail_refusal("berta@example.com", RefusalKind.UNSUBSCRIBED, client_id=cast.bob.id)
    assert mailings.count_reachable([cast.alice.id, cast.bob.id], is_news=True) == 1


def test_mails_of_an_order_are_sent_after_all_others_that_are_due(cast, outbox, clock_at):
    clients = [factories.client(f"C{n}", email=f"c{n}@example.com") for n in range(12)]
    finish(ordered(clients, cast.as_olivia))
    clock_at("2026-11-23 18:00")
    facts = mailings.facts_for(cast.alice, "Your visit", "Now.", is_news=False)
    urgent = queue_mail(MailKind.OWN_MAIL, facts, to=cast.alice.email, client=cast.alice)
    db.session.commit()
    first = claim("one")
    assert first[0].id == urgent.id  # though the others have been due for hours
    assert len(first) == 5
    assert all(m.mailing_id is not None for m in first[1:])
