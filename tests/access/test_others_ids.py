"""Every address with an id in it, asked by the next client and the next of the team with the ids of somebody else.

The routes are those of the app: one with an id that is not known here fails, so a new page is tried without a word. The
letters are those of the abuse cases in docs/security.toml.
"""

import datetime as dt
import re

import pytest

from foundation import storage
from foundation.db import db
from models import (
    AttemptState,
    ChangeKind,
    FieldArea,
    FieldKind,
    FilePurpose,
    LineState,
    PortalAccess,
    ReportState,
)
from tests import connection_factories as connect
from tests import desk_factories as desk
from tests import factories as make
from tests import money_factories as money
from tests.access.test_access_table import routes
from tests.access.test_every_form import rows
from tests.factories import DAY
from workflows import own_contacts

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)

#: names of a chapter, a picture or a way, which are nobody's
WORDS = {"name", "day", "word", "how", "tap"}
#: the log-in pages have tokens of their own: tests/sign_in and the tests of feeds, answers and unsubscribing
TOKENS = {"token"}


@pytest.fixture
def shared_page(cast):
    """A page of the questions for clients and one of those for pets: everybody has the same."""
    pages = {}
    for area in (FieldArea.CLIENT, FieldArea.PET):
        page = make.field_page(area, portal_access=PortalAccess.EDIT)
        pages[area] = page.public_id
        make.custom_field(make.field_section(page), kind=FieldKind.TEXT, label=f"{area.value} question")
    db.session.commit()
    return pages


def household(client, pet, sitter, item, basket, version):
    """One row of each kind that a client has, and what stands for it in addresses: {part of a rule: id}."""
    login = make.client_login(client)
    series = make.repeat(client, item, pets=[pet])
    weekly = {"repeat": series, "repeat_on": DAY, "repeat_time_id": series.times[0].id}
    visit = make.job(client, item, sitter=sitter, pets=[pet], **weekly)
    sent = make.sent_request(client, item, number=900 + client.id, pets=[pet], state=LineState.SUBMITTED)
    change = make.change_item(make.change_request(client, ChangeKind.CANCEL), make.job(client, item, sitter=sitter, pets=[pet]))  # fmt: skip
    card = make.report_card(make.job(client, item, sitter=sitter, pets=[pet]), state=ReportState.SENT, sent_at=visit.created_at)  # fmt: skip
    keys = [storage.here().put(b"bytes", folder="files", suffix="webp") for _ in range(5)]
    pictures = [
        {"key": key, "thumbnail_key": small, "media_type": "image/webp"} for key, small in (keys[:2], keys[2:4])
    ]
    copy = make.stored_file(client, purpose=FilePurpose.AGREEMENT, key=keys[4])
    photo = make.stored_file(client, purpose=FilePurpose.REPORT, report_card_id=card.id, **pictures[0])
    invoice, paid = money.invoice(client), money.payment(client)
    proposal = make.vet_proposal(client, pet=pet)
    db.session.commit()
    contact = make.client_contact(client)
    db.session.commit()
    ids = {
        "acceptance_id": make.agreement_acceptance(version, client, file=copy), "attempt_id": money.payment_attempt(client, state=AttemptState.DECLINED),
        "card_id": card, "client_id": client, "file_id": make.stored_file(client, **pictures[1]), "invoice_id": invoice, "item_id": change,
        "key_id": make.passkey(client_login=login), "line_id": sent.lines[0], "method_id": money.stored_method(client),
        "payment_id": paid, "pet_id": pet, "proposal_id": proposal, "refund_id": money.refund(paid, sequence=client.id, number=f"R-{client.id}"),
        "repeat_id": series, "request_id": sent, "vaccination_id": make.vaccination(pet, expires_on=DAY), "visit_id": visit,
    }  # fmt: skip
    db.session.commit()
    found = {name: row.public_id for name, row in ids.items()}
    return found | {"key": own_contacts.key_of(client, contact), "basket line": basket.lines[0].public_id, "photo": photo.public_id, "together": change.request.public_id}  # fmt: skip


def fitting(rule, ids, pages):
    """What stands in this rule for each of its parts."""
    ids = {**ids, "day": "2026-12-24", "page_id": pages[FieldArea.PET if "pet_id" in rule else FieldArea.CLIENT]}
    for where, name, instead in (("/request/lines/", "line_id", "basket line"), ("/reports/", "file_id", "photo"), ("/changes/together/", "request_id", "together")):  # fmt: skip
        if where in rule:
            ids[name] = ids[instead]
    return {name: ids[name] for name in named(rule) if name in ids}


def fill(rule, ids):
    """The rule with these ids in it."""

    def one(part):
        kind, _colon, name = part[1].rpartition(":")
        return kind[4:-1].split(",")[0].strip(" '\"") if kind.startswith("any(") else ids[name]

    return re.sub(r"<([^>]+)>", one, rule)


def named(rule):
    return {part.rpartition(":")[2] for part in re.findall(r"<([^>]+)>", rule)}


def with_ids(app, *starts):
    """Each (method, rule) below these with an id in it."""
    found = [
        (method, rule)
        for method, rule in sorted(routes(app))
        if rule.startswith(starts) and named(rule) - WORDS - TOKENS
    ]
    return [(method, rule) for method, rule in found if "public_id:" in rule]


def without_tokens(app, monkeypatch):
    """Forms without their token: what is asked here is whose the row is, not whether the form is ours."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    monkeypatch.setitem(app.config, "WTF_CSRF_CHECK_DEFAULT", False)


#: what answers with a sentence on the own list, whatever the id: "There is no such passkey"
SAID = {
    ("POST", "/portal/settings/passkeys/<public_id:key_id>/name"),
    ("POST", "/portal/settings/passkeys/<public_id:key_id>/removal"),
    ("POST", "/portal/your-data/contacts/<public_id:key>/removal"),
    ("POST", "/staff/account/passkeys/<public_id:key_id>/name"),
    ("POST", "/staff/account/passkeys/<public_id:key_id>/removal"),
    ("POST", "/admin/account/passkeys/<public_id:key_id>/name"),
    ("POST", "/admin/account/passkeys/<public_id:key_id>/removal"),
}


def tried(browser, rules, theirs, own, pages, words):
    """What opened with their ids, with all of them and with each beside one's own, or showed these words."""
    wrong = []
    for method, rule in rules:
        foreign, mine = (fitting(rule, ids, pages) for ids in (theirs, own))
        mixes = [foreign, *({**mine, name: foreign[name]} for name in foreign if foreign[name] != mine[name])]
        for path in dict.fromkeys(fill(rule, ids) for ids in mixes):
            answer = browser.open(path, method=method)
            body = answer.get_data(as_text=True) if answer.mimetype.startswith("text/") else ""
            good = {404, 303} if (method, rule) in SAID else {404}
            if answer.status_code not in good or any(word in body for word in words):
                wrong.append((method, rule, answer.status_code))
    return wrong


def test_no_id_of_another_household_opens_or_changes_anything(app, http, cast, shared_page, monkeypatch, sign_in_as_client):  # fmt: skip
    """G1, A01, A02, A03: all of the portal with Alice's ids by Bob, alone and beside his own; and each opens for Alice."""
    without_tokens(app, monkeypatch)
    version, basket = make.agreement_version(), make.basket(cast.alice, cast.walk, pets=[cast.biscuit])
    alices = household(cast.alice, cast.biscuit, cast.sam, cast.walk, basket, version)
    bobs = household(cast.bob, cast.bella, cast.sita, cast.walk, cast.bobs_basket, version)
    alice, bob = sign_in_as_client(http(), cast.alice), sign_in_as_client(http(), cast.bob)
    rules = [(method, rule) for method, rule in with_ids(app, "/portal/") if named(rule) - WORDS != {"page_id"}]
    assert len(rules) >= 60
    before = rows()
    assert tried(bob, rules, alices, bobs, shared_page, ("Archer", "Biscuit", "Kim Clark")) == []
    assert rows() == before
    shut = [rule for method, rule in rules if method == "GET" and alice.get(fill(rule, fitting(rule, alices, shared_page))).status_code == 404]  # fmt: skip
    assert shut == [], "opens for nobody, so that its being shut for Bob shows nothing"


def test_no_id_of_a_colleague_opens_or_changes_anything(app, http, cast, shared_page, monkeypatch, sign_in_as_staff):
    """A09: all of the sitter's pages with what is Sam's or at Sam's client, by Sita; the account pages of the office, too."""
    without_tokens(app, monkeypatch)
    connect.switch_on()
    version, basket = make.agreement_version(), make.basket(cast.alice, cast.walk, pets=[cast.biscuit])
    theirs = []
    for client, pet, sitter, office, lines in (
        (cast.alice, cast.biscuit, cast.sam, cast.olivia, basket),
        (cast.bob, cast.bella, cast.sita, cast.max, cast.bobs_basket),
    ):
        ids = household(client, pet, sitter, cast.walk, lines, version)
        token, door = connect.api_token(sitter), make.key(client, holder=sitter)
        pay = make.pay_statement(make.pay_run(DAY if sitter is cast.sam else DAY + dt.timedelta(7)), sitter)
        own = {name: row for name, row in (("token_id", token), ("statement_id", pay))}
        desk_ids = {"key_id": make.passkey(office.login or make.staff_login(office)), "token_id": connect.api_token(office), "view_id": desk.saved_view(office)}  # fmt: skip
        db.session.commit()
        theirs.append((
            ids | {name: row.public_id for name, row in own.items()} | {"key_id": door.public_id},
            ids | {"key_id": make.passkey(sitter.login).public_id} | {"token_id": token.public_id},
            {name: row.public_id for name, row in desk_ids.items()},
        ))  # fmt: skip
        db.session.commit()
    (sams, sams_account, olivias), (sitas, sitas_account, maxes) = theirs
    sam, sita, max_ = (sign_in_as_staff(http(), person) for person in (cast.sam, cast.sita, cast.max))
    before = rows()
    pages = [(method, rule) for method, rule in with_ids(app, "/staff/") if "/account/" not in rule]
    account, office = with_ids(app, "/staff/account/"), with_ids(app, "/admin/account/", "/admin/views/")
    assert (len(pages) >= 15, len(account) >= 3, len(office) >= 6) == (True, True, True)
    assert tried(sita, pages, sams, sitas, shared_page, ("Archer", "Biscuit")) == []
    assert tried(sita, account, sams_account, sitas_account, shared_page, ()) == []
    assert tried(max_, office, olivias, maxes, shared_page, ()) == []
    assert rows() == before
    shut = [rule for method, rule in pages if method == "GET" and sam.get(fill(rule, fitting(rule, sams, shared_page))).status_code == 404]  # fmt: skip
    assert shut == []
