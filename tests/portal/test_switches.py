"""P8 and B1: what is switched off is not only hidden but gone, for every address and method, also for hand-made posts."""

import datetime as dt

import pytest

from foundation.db import db
from models import Activity, JobRequest, JobRequestLine, LineState, MethodKind
from tests import factories as make
from tests import issued
from tests import money_factories as money
from tests.databases import count

DAY = make.DAY
REQUESTS, SCHEDULE, DATA = "portal.requests", "portal.schedule", "portal.your_data"
UPLOAD, DOWNLOAD = "portal.upload", "portal.download"

FACTOR = "portal.two_factor"
LANGUAGES = "portal.languages"
LETTERS = "portal.letters"
REPORTS = "portal.report_cards"
SUMMARY, PAY, INVOICES, PAYMENTS = "portal.account_summary", "portal.pay", "portal.invoices", "portal.payments"
CARDS, ACCOUNTS = "portal.cards", "portal.bank_accounts"

#: endpoint -> the switches of which one must be on; none: always there
NEEDS = {
    "portal_home.home": (),
    "portal_install.manifest": (),
    "portal_install.worker": (),
    "portal_install.offline": (),
    "portal_home.end_office_view": (),
    "portal_help.index": (),
    "portal_help.chapter": (),
    "portal_help.picture": (),
    "portal_account.show": (SUMMARY,),
    # A client who does not pay online has neither these nor the cards: see below.
    "portal_pay.form": (PAY,),
    "portal_pay.pay": (PAY,),
    "portal_pay.reckon": (PAY,),
    "portal_pay.link": (PAY,),
    "portal_pay.outcome": (PAY,),
    "portal_pay.token": (PAY,),
    "portal_pay.stored_card": (PAY,),
    "portal_invoices.index": (INVOICES,),
    "portal_invoices.show": (INVOICES,),
    "portal_invoices.pdf": (INVOICES,),
    "portal_payments.index": (PAYMENTS,),
    "portal_payments.receipt": (PAYMENTS,),
    "portal_payments.refund_receipt": (PAYMENTS,),
    "portal_methods.index": (CARDS, ACCOUNTS),
    "portal_methods.new": (CARDS, ACCOUNTS),
    "portal_methods.add": (CARDS, ACCOUNTS),
    "portal_methods.token": (CARDS, ACCOUNTS),
    "portal_methods.make_default": (CARDS, ACCOUNTS),
    "portal_methods.set_automatic": (CARDS, ACCOUNTS),
    "portal_methods.removal": (CARDS, ACCOUNTS),
    "portal_methods.remove": (CARDS, ACCOUNTS),
    "portal_methods.confirm": (CARDS, ACCOUNTS),
    "portal_schedule.month": (SCHEDULE,),
    "portal_schedule.day": (SCHEDULE,),
    "portal_requesting.show": (REQUESTS,),
    "portal_requesting.add": (REQUESTS,),
    "portal_requesting.line": (REQUESTS,),
    "portal_requesting.change_line": (REQUESTS,),
    "portal_requesting.remove_line": (REQUESTS,),
    "portal_requesting.clearing": (REQUESTS,),
    "portal_requesting.clear": (REQUESTS,),
    "portal_requesting.new_start": (REQUESTS,),
    "portal_requesting.submit": (REQUESTS,),
    "portal_requests.index": (REQUESTS,),
    "portal_requests.one": (REQUESTS,),
    "portal_requests.add_services": (REQUESTS,),
    "portal_requests.answer": (REQUESTS,),
    # The calendar feed needs the schedule and a switch of its own: see test_calendar.py.
    "portal_calendar.show": (SCHEDULE,),
    "portal_calendar.change": (SCHEDULE,),
    "portal_calendar_feed.file": (SCHEDULE,),
    "portal_cancelling.line": (REQUESTS, SCHEDULE),
    "portal_cancelling.cancel_line": (REQUESTS, SCHEDULE),
    "portal_cancelling.whole": (REQUESTS, SCHEDULE),
    "portal_cancelling.cancel_whole": (REQUESTS, SCHEDULE),
    "portal_visits.show": (SCHEDULE,),
    "portal_visit_cancelling.one": (SCHEDULE,),
    "portal_visit_cancelling.cancel_one": (SCHEDULE,),
    "portal_visit_cancelling.several": (SCHEDULE,),
    "portal_visit_cancelling.cancel_several": (SCHEDULE,),
    "portal_following.form": (SCHEDULE,),
    "portal_following.ask": (SCHEDULE,),
    "portal_changing.form": (SCHEDULE,),
    "portal_changing.ask": (SCHEDULE,),
    "portal_withdrawing.one": (SCHEDULE,),
    "portal_withdrawing.withdraw_one": (SCHEDULE,),
    "portal_withdrawing.whole": (SCHEDULE,),
    "portal_withdrawing.withdraw_whole": (SCHEDULE,),
    "portal_messages.write": (SCHEDULE,),
    "portal_messages.send": (SCHEDULE,),
    "portal_agreements.show": (),
    "portal_agreements.accept": (),
    "portal_agreements.copy": (),
    "portal_series.pause": (SCHEDULE,),
    "portal_series.send_pause": (SCHEDULE,),
    "portal_series.end": (SCHEDULE,),
    "portal_series.send_end": (SCHEDULE,),
    # Changing and adding have switches of their own: see test_your_data.py.
    "portal_data.start": (DATA,),
    "portal_data.show": (DATA,),
    "portal_data.show_pet": (DATA,),
    "portal_amending.edit": (DATA,),
    "portal_amending.edit_pet": (DATA,),
    "portal_amending.save": (DATA,),
    "portal_amending.save_pet": (DATA,),
    "portal_pets.index": (DATA,),
    "portal_pets.show": (DATA,),
    "portal_adding_pets.form": (DATA,),
    "portal_adding_pets.add": (DATA,),
    "portal_leaving_pets.ask": (DATA,),
    "portal_leaving_pets.leave": (DATA,),
    "portal_contacts.index": (DATA,),
    "portal_changing_contacts.new": (DATA,),
    "portal_changing_contacts.add": (DATA,),
    "portal_changing_contacts.edit": (DATA,),
    "portal_changing_contacts.change": (DATA,),
    "portal_changing_contacts.remove": (DATA,),
    "portal_reports.index": (REPORTS,),
    "portal_reports.show": (REPORTS,),
    "portal_reports.thank": (REPORTS,),
    "portal_reports.give": (REPORTS,),
    "portal_letters.show": (LETTERS,),
    "portal_letters.write": (LETTERS,),
    "portal_settings.two_factor": (FACTOR,),
    "portal_settings.start_factor": (FACTOR,),
    "portal_settings.factor_picture": (FACTOR,),
    "portal_settings.factor_on": (FACTOR,),
    "portal_settings.factor_off": (FACTOR,),
    "portal_settings.factor_codes": (FACTOR,),
    "portal_settings.codes_file": (FACTOR,),
    "portal_settings.passkeys_page": (FACTOR,),
    "portal_settings.passkey_options": (FACTOR,),
    "portal_settings.add_passkey": (FACTOR,),
    "portal_settings.rename_passkey": (FACTOR,),
    "portal_settings.remove_passkey": (FACTOR,),
    "portal_settings.language": (LANGUAGES,),
    "portal_settings.choose_language": (LANGUAGES,),
    "portal_settings.index": (),
    "portal_settings.password": (),
    "portal_settings.sign_ins_page": (),
    "portal_settings.end_sign_in": (),
    "portal_settings.end_other_sign_ins": (),
    "portal_settings.household": (),
    "portal_settings.add_login": (),
    "portal_settings.close_login": (),
    "portal_settings.mails": (),
    "portal_settings.choose_mails": (),
    "portal_health.show": (DATA,),
    "portal_vaccinating.enter": (DATA,),
    "portal_vaccinating.remove": (DATA,),
    "portal_vets.find": (DATA,),
    "portal_vets.choose": (DATA,),
    "portal_vets.propose": (DATA,),
    "portal_vets.withdraw": (DATA,),
    # These need Your Data too: see test_files.py.
    "portal_files.index": (UPLOAD, DOWNLOAD),
    "portal_uploads.upload": (UPLOAD,),
    "portal_uploads.photo_form": (UPLOAD,),
    "portal_uploads.set_photo": (UPLOAD,),
    "portal_uploads.removal": (UPLOAD,),
    "portal_uploads.remove": (UPLOAD,),
    "portal_downloads.picture": (DOWNLOAD,),
    "portal_downloads.download": (DOWNLOAD,),
    "portal_thumbs.thumb": (DATA,),
}


#: What is open to people who are not logged in: no function of the portal, and no switch reaches it.
BEFORE_THE_DOOR = ("portal_door.", "portal_unsubscribe.")


@pytest.fixture
def alices(cast):
    """Alice's sent request with a waiting line, and her basket with one."""
    sent = make.sent_request(cast.alice, cast.walk, number=17, pets=[cast.biscuit])
    basket = make.basket(cast.alice, cast.walk, first_on=DAY + dt.timedelta(1), pets=[cast.biscuit])
    db.session.commit()
    return sent, basket


def addresses(app, alices, *, of=None):
    """(method, address, endpoint) of every page of the portal, with Alice's own ids in it."""
    sent, basket = alices
    adapter = app.url_map.bind("localhost")
    found = []
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/portal") or rule.endpoint.startswith(BEFORE_THE_DOOR):
            continue
        line = (basket if rule.endpoint.startswith("portal_requesting") else sent).lines[0]
        own = (
            "visit_id",
            "item_id",
            "repeat_id",
            "acceptance_id",
            "page_id",
            "pet_id",
            "vaccination_id",
            "proposal_id",
            "key_id",
            "file_id",
            "invoice_id",
            "attempt_id",
            "payment_id",
            "refund_id",
            "method_id",
            "card_id",
        )
        mine = dict.fromkeys(own, "AAAAAAAAAAAA")
        every = {
            "request_id": sent.public_id,
            "line_id": line.public_id,
            "day": DAY,
            "token": "nothing",
            "word": "card",
            "key": "AAAAAAAAAAAA",
            "how": "thumb",
            "name": "pay",
            **mine,
        }
        path = adapter.build(rule.endpoint, {k: v for k, v in every.items() if k in rule.arguments})
        found += [(method, path, rule.endpoint) for method in sorted(rule.methods - {"OPTIONS"})]
    return [x for x in found if of is None or x[2] in of]


def test_every_page_of_the_portal_is_in_the_table(app, alices):
    assert {endpoint for _method, _path, endpoint in addresses(app, alices)} == set(NEEDS)


@pytest.mark.covers("B1", "P8", "P3")
@pytest.mark.parametrize(
    "off",
    [
        (REQUESTS,),
        (SCHEDULE,),
        (REQUESTS, SCHEDULE),
        (DATA,),
        (FACTOR,),
        (LETTERS,),
        (REPORTS,),
        (UPLOAD,),
        (DOWNLOAD,),
        (UPLOAD, DOWNLOAD),
        (SUMMARY,),
        (PAY,),
        (INVOICES,),
        (PAYMENTS,),
        (CARDS, ACCOUNTS),
    ],
    ids=" and ".join,
)
def test_what_is_off_is_404_for_every_method_with_and_without_a_token(app, walk, cast, alices, change_settings, off):
    alice = walk(cast.alice)
    token = alice.token()
    change_settings(dict.fromkeys(off, False))
    before = count(Activity), count(JobRequest), count(JobRequestLine)
    gone = {e for e, needs in NEEDS.items() if needs and not set(needs) - set(off)}
    assert gone
    for method, path, endpoint in addresses(app, alices, of=gone):
        for data in ({}, {"csrf_token": token}, {"csrf_token": token, "basket": alices[1].public_id}):
            answer = alice.browser.open(path, method=method, data=data if method == "POST" else None)
            assert answer.status_code == 404, (method, path, endpoint)
    first = {
        SCHEDULE: "/portal/schedule", REQUESTS: "/portal/request", DATA: "/portal/your-data/",
        SUMMARY: "/portal/account", PAY: "/portal/pay", INVOICES: "/portal/invoices", PAYMENTS: "/portal/payments", ACCOUNTS: "/portal/settings/cards",
        FACTOR: "/portal/settings/two-factor", LETTERS: "/portal/messages/", REPORTS: "/portal/reports/", UPLOAD: "/portal/files/pets/AAAAAAAAAAAA/photo", DOWNLOAD: "/portal/files/AAAAAAAAAAAA/download",
    }[off[-1]]  # fmt: skip
    assert alice.browser.open(first, method="OPTIONS").status_code == 404
    assert (count(Activity), count(JobRequest), count(JobRequestLine)) == before
    assert (
        count(JobRequestLine, JobRequestLine.client_id == cast.alice.id, JobRequestLine.state == LineState.DRAFT) == 1
    )


@pytest.mark.covers("B1", "B3", "P8")
def test_menu_and_button_show_only_what_is_on(walk, cast, change_settings):
    alice = walk(cast.alice)
    page = alice.get("/portal/")
    assert page.path == "/portal/account"
    assert {"/portal/account", "/portal/invoices", "/portal/payments", "/portal/settings/cards"} <= page.links()
    change_settings(dict.fromkeys((SUMMARY, INVOICES, PAYMENTS, CARDS), False))
    page = alice.get("/portal/")
    assert page.path == "/portal/schedule"
    assert not page.links() & {"/portal/account", "/portal/invoices", "/portal/payments", "/portal/settings/cards"}
    assert {"/portal/schedule", "/portal/request", "/portal/requests"} <= page.links()
    change_settings({REQUESTS: False})
    page = alice.get("/portal/")
    assert (page.path, page.links() & {"/portal/request", "/portal/requests"}) == ("/portal/schedule", set())
    assert "Request Services" not in page.text
    change_settings({REQUESTS: True, SCHEDULE: False})
    page = alice.get("/portal/")
    assert page.path == "/portal/request"
    assert not [x for x in page.links() if x.startswith("/portal/schedule")]


@pytest.mark.covers("P8")
def test_when_all_is_off_a_friendly_page_says_so(walk, cast, change_settings):
    change_settings(
        {
            REQUESTS: False,
            SCHEDULE: False,
            DATA: False,
            LETTERS: False,
            REPORTS: False,
            SUMMARY: False,
            INVOICES: False,
            PAYMENTS: False,
            "business.name": "Maple Lane",
            "business.phone": "020 7946 0018",
        }
    )
    page = walk(cast.alice).get("/portal/")
    assert (page.path, page.status) == ("/portal/", 200)
    assert "Maple Lane has not opened any pages of this portal yet" in page.text
    assert "020 7946 0018" in page.text


@pytest.mark.covers("B1", "B8")
def test_a_basket_that_cannot_be_sent_any_more_is_explained_on_every_page(walk, cast, alices, change_settings):
    change_settings({REQUESTS: False, "portal.notice": "Happy holidays"})
    page = walk(cast.alice).get("/portal/schedule")
    assert "Happy holidays Your request was not sent: requests are switched off at the moment." in page.text
    assert "not sent yet" not in page.text


@pytest.mark.covers("C2", "P8")
def test_a_request_that_is_out_can_be_taken_back_while_requests_are_off(walk, cast, alices, change_settings):
    sent, _basket = alices
    change_settings({REQUESTS: False})
    alice = walk(cast.alice)
    page = alice.get(f"/portal/schedule/{DAY}")
    done = alice.press(page, f"/portal/requests/lines/{sent.lines[0].public_id}/cancellation")
    assert (done.path, sent.lines[0].state) == (f"/portal/schedule/{DAY}", LineState.CANCELLED)


@pytest.mark.covers("P8")
def test_prices_and_the_sitter_stand_nowhere_unless_switched_on(walk, cast, alices, change_settings):
    sent, basket = alices
    job = make.job(cast.alice, cast.overnight, sitter=cast.sita, start_time=None, pets=[cast.biscuit])
    sent.lines[0].price, job.price = 71, 73
    cast.walk.price, cast.walk.extra_pet_price = 74, 75
    alice = walk(cast.alice)
    pages = {
        "/portal/request": {"$74.00", "$75.00"},  # the basket says what it costs now
        f"/portal/request/lines/{basket.lines[0].public_id}": {"$74.00", "$75.00"},
        "/portal/requests": {"$71.00"},
        f"/portal/requests/{sent.public_id}": {"$71.00"},
        "/portal/schedule": {"$71.00", "$73.00"},
        f"/portal/schedule?day={DAY}": {"$71.00", "$73.00"},
        f"/portal/schedule/{DAY}": {"$71.00", "$73.00"},
    }
    change_settings({"portal.show_prices": False, "portal.show_sitter": False})
    for path in pages:
        page = alice.get(path)
        assert (page.status, "$" in page.text, "Sita" in page.html) == (200, False, False), path
    change_settings({"portal.show_prices": True, "portal.show_sitter": True})
    for path, prices in pages.items():
        text = alice.get(path).text
        assert {p for p in prices if p in text} == prices, path
        assert ("with Sita" in text) is path.startswith("/portal/schedule"), path
        assert "Singh" not in text


@pytest.mark.covers("P8", "P2", "P7")
def test_a_client_who_does_not_pay_online_finds_neither_paying_nor_cards(walk, cast, alices, app, change_settings):
    change_settings({ACCOUNTS: True})
    alice = walk(cast.alice)
    token = alice.token()
    cast.alice.pays_online = False
    db.session.commit()
    gone = {e for e, needs in NEEDS.items() if set(needs) & {PAY, CARDS, ACCOUNTS}}
    for method, path, endpoint in addresses(app, alices, of=gone):
        for data in ({}, {"csrf_token": token}):
            answer = alice.browser.open(path, method=method, data=data if method == "POST" else None)
            assert answer.status_code == 404, (method, path, endpoint)
    page = alice.get("/portal/account")
    assert page.status == 200
    assert not [x for x in page.links() if x.startswith(("/portal/pay?", "/portal/settings/cards"))]
    assert walk(cast.bob).get("/portal/settings/cards").status == 200


@pytest.mark.covers("P8", "P7")
def test_cards_and_bank_accounts_are_closed_each_by_itself(walk, cast, change_settings):
    card = money.stored_method(cast.alice)
    bank = money.stored_method(cast.alice, kind=MethodKind.BANK, expires="", last4="0000")
    db.session.commit()
    alice = walk(cast.alice)
    for on, off, here, gone in ((CARDS, ACCOUNTS, card, bank), (ACCOUNTS, CARDS, bank, card)):
        change_settings({on: True, off: False})
        page = alice.get("/portal/settings/cards")
        assert (here.last4 in page.text, gone.last4 in page.text) == (True, False)
        assert alice.get(f"/portal/settings/cards/{here.public_id}/removal").status == 200
        for path in ("removal", "default", "automatic", "deposits"):
            assert alice.post(f"/portal/settings/cards/{gone.public_id}/{path}").status_code == 404, path
        word = "bank-account" if gone is bank else "card"
        assert alice.get(f"/portal/settings/cards/new-{word}").status == 404
        assert alice.post(f"/portal/settings/cards/new-{word}", nonce="fake-valid-nonce").status_code == 404


@pytest.mark.covers("P8", "P2")
def test_tips_are_not_taken_while_they_are_off(walk, cast, gateway, change_settings):
    issued.invoice(cast.alice, 40, due=0)
    db.session.commit()
    alice = walk(cast.alice)
    page = alice.get("/portal/pay?what=due")
    assert "tip" not in {name for name, _value in page.form("/portal/pay").fields}
    done = alice.press(page, "/portal/pay", method="card", nonce="fake-valid-nonce", tip="20", tip_note="Sam")
    assert "Thank you. $40.00 was paid." in done.text
    change_settings({"portal.tips": True})
    issued.invoice(cast.alice, 40, due=0)
    db.session.commit()
    assert "tip" in alice.get("/portal/pay?what=due").form("/portal/pay").choices
