"""An example of each mail, made up: what its preview is about. The mails are made of them by `previews`."""

import dataclasses
from typing import Any

from workflows.mail_facts import (
    AgreementAccepted,
    AlertFacts,
    BackupFailed,
    BasketReminder,
    ChangeAsked,
    ChangeDecided,
    ChangedVisit,
    ChangeEnded,
    ClientMessage,
    ClientNews,
    CreditNoteSent,
    DataDigest,
    DayVisits,
    DetailsDecided,
    DisputeOpened,
    InvoiceDue,
    InvoiceReminded,
    InvoiceSent,
    JobScheduled,
    KeyToFetch,
    LetterFacts,
    MailKind,
    MasterSchedule,
    OwnMail,
    PaidInvoice,
    PaymentFailed,
    PaymentReceipt,
    PaymentReturned,
    PayStatementSent,
    RefundMade,
    RegistrationAnswered,
    RegistrationKnown,
    RegistrationLink,
    RegistrationTold,
    ReportCardFacts,
    ReportThanked,
    RequestAnswered,
    RequestCancelled,
    RequestDeclined,
    RequestMessageFacts,
    RequestReceived,
    SecurityNews,
    SetPassword,
    SitterChanges,
    SitterDays,
    SitterMessageFacts,
    SitterSchedule,
    SitterScheduleEntry,
    SitterVisits,
    StatementSent,
    TemplateTest,
    TimeOffAsked,
    TimeOffDecided,
    VaccinationDue,
    VetDecided,
    VisitAlerts,
    VisitCancelled,
    VisitFacts,
    VisitMoved,
    VisitNews,
)

_WALK = VisitFacts(
    service="Dog walk, 30 minutes", on_date="2026-11-26", start_time="12:00", duration_minutes=30,
    pets=("Biscuit", "Waffles"), note="The back door sticks a little.\nWaffles needs the blue harness.", price="24.00",
)  # fmt: skip
_FEEDING = VisitFacts(
    service="Cat visit", on_date="2026-11-27", block="Morning 07:00-10:00", duration_minutes=20, pets=("Juniper",), price="18.50"
)  # fmt: skip
_STAY = VisitFacts(
    service="Overnight stay", on_date="2026-12-24", start_time="18:00", ends_on="2026-12-27", end_time="09:00",
    pets=("Biscuit", "Waffles", "Juniper"), price="270.00",
)  # fmt: skip
_SITTER_WALK = VisitFacts(
    service="Dog walk, 30 minutes", on_date="2026-11-26", start_time="12:00", duration_minutes=30, pets=("Biscuit", "Waffles"),
    note="Key safe by the gate. Waffles pulls near the school.",
)  # fmt: skip
_SITTER_LATER = VisitFacts(
    service="Dog walk, 30 minutes", on_date="2026-11-27", start_time="15:30", duration_minutes=30, pets=("Biscuit", "Waffles")
)  # fmt: skip
_MOVED = ChangedVisit(_WALK, dataclasses.replace(_WALK, on_date="2026-11-28", price="27.00"), fee="12.00")
_OFF = (ChangedVisit(_WALK, fee="12.00"), ChangedVisit(_FEEDING))
_PAUSE = ChangedVisit(dataclasses.replace(_WALK, price=""), first_on="2026-12-20", last_on="2027-01-03")
_ALICE, _NUMBER = "Alice Archer", "4417209318"
PREVIEWS: dict[MailKind, Any] = {
    MailKind.REQUEST_RECEIVED: RequestReceived(_ALICE, _NUMBER, 17, (_WALK, _FEEDING), added=False, n_kept_back=1),
    MailKind.REQUEST_AUTO_SUBMITTED: RequestReceived(
        _ALICE, _NUMBER, 18, (_WALK, _FEEDING), added=False, n_kept_back=1
    ),
    MailKind.REQUEST_CANCELLED: RequestCancelled(_ALICE, _NUMBER, 17, (_WALK,), "We are at home after all."),
    MailKind.JOB_SCHEDULED: JobScheduled(
        _ALICE,
        _NUMBER,
        17,
        (dataclasses.replace(_WALK, sitter="Sam"), _FEEDING, _STAY),
        "Sam knows the way. Please leave the key in the key safe.",
    ),
    MailKind.REQUEST_DECLINED: RequestDeclined(
        _ALICE, _NUMBER, 17, (_STAY,), "All our overnight sitters are away over the holidays.\nDay visits are possible."
    ),
    MailKind.REQUEST_MESSAGE: RequestMessageFacts(
        "Alice",
        _ALICE,
        17,
        (_FEEDING,),
        "Would 8:30 suit you as well?\nThen Sita could come on both days.",
        "Olivia Owner",
    ),
    MailKind.BASKET_REMINDER: BasketReminder(
        _ALICE, _NUMBER, (_WALK, _FEEDING), "Thursday is filling up, so tell us soon."
    ),
    MailKind.INVOICE_SENT: InvoiceSent(
        _ALICE,
        _NUMBER,
        1,
        "f3k9",
        "INV-1024",
        "2026-11-23",
        "2026-12-07",
        "118.00",
        "98.00",
        4,
        "2026-11-26",
        "2026-11-30",
        "The key is back in its box.",
    ),
    MailKind.CREDIT_NOTE_SENT: CreditNoteSent(
        _ALICE, _NUMBER, 1, "CN-7", "INV-1024", "20.00", "Dog walk on Thursday cancelled", on_account="20.00"
    ),
    MailKind.VISITS_BOOKED: JobScheduled(_ALICE, _NUMBER, 0, (dataclasses.replace(_WALK, sitter="Sam"),)),
    MailKind.VISIT_MOVED: VisitMoved(
        _ALICE,
        _NUMBER,
        (dataclasses.replace(_WALK, start_time="15:30", sitter="Sam"),),
        (_WALK,),
        "The school run is on that morning.",
    ),
    MailKind.CHANGE_REQUESTED: ChangeAsked(_ALICE, _NUMBER, "change", (_MOVED,), "We come home a day later.", "12.00"),
    MailKind.CANCELLATION_REQUESTED: ChangeAsked(_ALICE, _NUMBER, "cancel", _OFF, "Plans changed", "12.00"),
    MailKind.VISIT_CANCELLED_BY_CLIENT: ChangeAsked(
        _ALICE,
        _NUMBER,
        "cancel",
        tuple(dataclasses.replace(i, state="approved") for i in _OFF),
        "Plans changed",
        "12.00",
    ),
    MailKind.SERIES_CHANGE_REQUESTED: ChangeAsked(
        _ALICE, _NUMBER, "pause", (_PAUSE,), "We are away over the holidays."
    ),
    MailKind.CHANGE_DECIDED: ChangeDecided(
        _ALICE,
        _NUMBER,
        "cancel",
        "some",
        (
            dataclasses.replace(_OFF[0], state="approved"),
            dataclasses.replace(_OFF[1], state="denied"),
            ChangedVisit(_STAY, state="expired"),
        ),
        "Sita was on her way to Juniper already.",
    ),
    MailKind.CHANGE_WITHDRAWN: ChangeEnded(
        _ALICE, _NUMBER, "change", (dataclasses.replace(_MOVED, state="withdrawn"),), "withdrawn"
    ),
    MailKind.CHANGE_SUPERSEDED: ChangeEnded(
        _ALICE, _NUMBER, "cancel", (ChangedVisit(_WALK, state="superseded"),), "superseded"
    ),
    MailKind.CLIENT_MESSAGE: ClientMessage(_ALICE, _NUMBER, "Could Sam come an hour later on Thursday?\nThank you!"),
    MailKind.CLIENT_MESSAGE_ANSWERED: ClientMessage(
        _ALICE,
        _NUMBER,
        "Could Sam come an hour later on Thursday?",
        "Yes, at 13:00. It is in your schedule.",
        "Olivia Owner",
    ),
    MailKind.VISIT_CANCELLED: VisitCancelled(
        _ALICE, _NUMBER, (dataclasses.replace(_WALK, price="", fee="12.00"),), "The roads are closed by snow.", "12.00"
    ),
    MailKind.VISIT_REINSTATED: JobScheduled(_ALICE, _NUMBER, 0, (dataclasses.replace(_WALK, sitter="Sam"),)),
    MailKind.SITTER_VISIT_ASSIGNED: SitterVisits("Sam", _ALICE, (_SITTER_WALK, _SITTER_LATER)),
    MailKind.SITTER_VISIT_MOVED: SitterVisits("Sam", _ALICE, (_SITTER_LATER,), before=(_SITTER_WALK,)),
    MailKind.SITTER_VISIT_TAKEN_AWAY: SitterVisits("Sam", _ALICE, (_SITTER_WALK,), because="cancelled"),
    MailKind.SITTER_CHANGES: SitterChanges(
        "Sam",
        "The roads are closed by snow.",
        (VisitNews(_ALICE, _SITTER_WALK), VisitNews("Bob Baker", _FEEDING)),
        (VisitNews(_ALICE, _SITTER_LATER),),
        (VisitNews(_ALICE, _SITTER_LATER, _SITTER_WALK),),
    ),
    MailKind.SITTER_REQUEST_MESSAGE: RequestMessageFacts(
        "Sam",
        _ALICE,
        17,
        (_FEEDING,),
        "Could you do this one before your walk with Biscuit?",
        "Olivia Owner",
        # No request has the number 0, so the link of the example opens nothing.
        (0, 0),
    ),
    MailKind.SITTER_SCHEDULE: SitterSchedule(
        "Sam",
        "2026-11-26",
        (
            SitterScheduleEntry(_ALICE, "12 Maple Lane, Springfield, 01101", _SITTER_WALK),
            SitterScheduleEntry(
                "Bob Baker", "3 Mill Road, Springfield, 01102", dataclasses.replace(_FEEDING, on_date="2026-11-26")
            ),
        ),
        (
            "Cat visit, 2026-11-28 09:00 (Sam Sitter) → Cat visit, 2026-11-29 10:00 (Sam Sitter)",
            "Dog walk, 2026-11-30 12:00 ✗",
        ),
        (KeyToFetch("Bob Baker", "K7M2P", "staff", "Sita Singh"), KeyToFetch(_ALICE, "B 14", "office")),
    ),
    MailKind.REQUEST_ANSWERED: RequestAnswered(_ALICE, _NUMBER, 17, "Yes, 8:30 is fine on both days.", _ALICE),
    MailKind.VISIT_ALERTS: VisitAlerts(
        (
            AlertFacts("late", _ALICE, "Sam Sitter", _SITTER_WALK, minutes=20),
            AlertFacts("far", _ALICE, "Sam Sitter", _SITTER_WALK, metres=850),
            AlertFacts("unacknowledged", _ALICE, "Sam Sitter", _SITTER_LATER),
        )
    ),
    MailKind.BACKUP_FAILED: BackupFailed(False, "OSError: [Errno 28] No space left on device.", "2026-11-22"),
    MailKind.MASTER_SCHEDULE: MasterSchedule(
        "2026-11-23",
        "2026-12-06",
        3,
        (
            SitterDays(
                "",
                (DayVisits("2026-11-27", (SitterScheduleEntry("Bob Baker", "3 Mill Road, Springfield", _FEEDING),)),),
            ),
            SitterDays(
                "Sam Stone",
                (
                    DayVisits("2026-11-26", (SitterScheduleEntry(_ALICE, "12 Maple Lane, Springfield", _SITTER_WALK),)),
                    DayVisits(
                        "2026-11-27", (SitterScheduleEntry(_ALICE, "12 Maple Lane, Springfield", _SITTER_LATER),)
                    ),
                ),
            ),
        ),
    ),
    MailKind.DATA_DIGEST: DataDigest(
        "2026-11-25",
        "2026-11-26",
        (
            ClientNews(
                _ALICE,
                _NUMBER,
                (
                    ("Key place or door code", "••••", "••••"),
                    ("There is an alarm", False, True),
                    ("Biscuit, Feeding", "Dry, twice a day", "Raw, 200 g at 8:00"),
                ),
                (("Entry notes", "", "The cat slips out"),),
                ("Mochi",),
            ),
            ClientNews("Bob Baker", "5012 440 871", left=("Old Tom",)),
        ),
    ),
    # No log-in has the number 0, so the link of the example opens nothing.
    MailKind.DETAILS_DECIDED: DetailsDecided(
        _ALICE, _NUMBER, ("Phone", "Biscuit: Feeding"), ("Way in",), "The old key is still with us; let us talk first."
    ),
    MailKind.AGREEMENT_ACCEPTED: AgreementAccepted(_ALICE, _NUMBER, "Terms of service", _ALICE, "2026-11-26"),
    MailKind.VACCINATION_DUE: VaccinationDue(_ALICE, _NUMBER, "Biscuit", "Rabies", "2026-12-20"),
    MailKind.INVOICE_REMINDER: InvoiceReminded(
        _ALICE,
        _NUMBER,
        (InvoiceDue("INV-1024", "118.00", "2026-11-12", 14), InvoiceDue("INV-1031", "42.00", "2026-11-23", 3)),
        "160.00",
        "Please tell us if something is wrong with them.",
    ),
    MailKind.STATEMENT_SENT: StatementSent(_ALICE, _NUMBER, "2026-10-01", "2026-10-31", "160.00"),
    MailKind.VET_DECIDED: VetDecided(
        _ALICE, _NUMBER, "Hill vets", "Hillside Veterinary Clinic", "Biscuit", "They moved to Elm Road."
    ),
    MailKind.REPORT_CARD: ReportCardFacts(
        "Nora Hill",
        "4417209318",
        dataclasses.replace(_WALK, price="", note=""),
        "report01",
        "Biscuit met a spaniel and both fell into the brook.\nThey are dry by now.",
        (("Mood", "Happy"), ("Fed", "Done"), ("Toilet", "Wee, Poo")),
        n_photos=3,
        sitter="Sam",
    ),
    MailKind.REPORT_THANKED: ReportThanked(
        "Sam", "Nora Hill", dataclasses.replace(_WALK, price=""), "You made our day.", "visit001"
    ),
    MailKind.LETTER_TO_CLIENT: LetterFacts(
        _ALICE, _NUMBER, "Of course we can.\nSam comes on Sunday at ten.", "Olivia Owens", 1
    ),
    MailKind.TIME_OFF_ASKED: TimeOffAsked("Sam Stone", "2026-12-24", "2026-12-27", "Skiing with my sister", 3, 1),
    MailKind.TIME_OFF_DECIDED: TimeOffDecided("Sam", "2026-12-24", "2026-12-27", "approved", "Have a good time!"),
    MailKind.SITTER_MESSAGE: SitterMessageFacts(
        "Sam Stone",
        "The gate sticks.\nShall I tell them?",
        "Sam Stone",
        about="Dog walk, 30 minutes, 2026-11-26 12:00",
        staff_id=1,
    ),
    MailKind.SITTER_MESSAGE_ANSWERED: SitterMessageFacts(
        "Sam", "Please do, thank you!", "Olivia Owner", from_office=True, about="Dog walk, 30 minutes, 2026-11-26 12:00"
    ),
    MailKind.LETTER_TO_OFFICE: LetterFacts(_ALICE, _NUMBER, "Is Sunday possible?\nThank you!", _ALICE, 1),
    MailKind.PAYMENT_RECEIPT: PaymentReceipt(
        _ALICE,
        _NUMBER,
        "R-118",
        "88.00",
        "2026-11-26",
        "card",
        "Visa ···· 1881",
        tip="8.00",
        paid=(PaidInvoice("INV-42", "60.00"), PaidInvoice("INV-43", "12.00")),
        credit="8.00",
    ),
    MailKind.PAYMENT_FAILED: PaymentFailed(
        _ALICE,
        _NUMBER,
        "72.00",
        "Visa ···· 1881",
        ("INV-42", "INV-43"),
        "The bank declined the payment.",
        automatic=True,
    ),
    MailKind.PAYMENT_RETURNED: PaymentReturned(
        _ALICE, _NUMBER, "R-118", "72.00", "First Bank ···· 0000", ("INV-42",), is_blocked=True
    ),
    MailKind.REFUND_MADE: RefundMade(
        _ALICE, _NUMBER, "RF-3", "25.00", "2026-11-26", "card", "Visa ···· 1881", "R-118", "A visit was called off."
    ),
    MailKind.DISPUTE_OPENED: DisputeOpened(_ALICE, _NUMBER, "R-118", "72.00", "Fraud", "2026-12-10"),
    MailKind.PAY_STATEMENT: PayStatementSent("Sam", 12, "2026-11-30", "842.50", 61),
    MailKind.SET_PASSWORD: SetPassword("Alice", "client", 0, 0, "invitation", _NUMBER),
    MailKind.SECURITY_NEWS: SecurityNews("Alice", "client", "passkey_added", "Alice's phone"),
    MailKind.REGISTRATION_LINK: RegistrationLink(0, 0),
    MailKind.REGISTRATION_KNOWN: RegistrationKnown("Alice", _NUMBER, has_login=True),
    MailKind.REGISTRATION_ANSWERED: RegistrationAnswered(
        "Alice", "accepted", _NUMBER, "Welcome! Tell us about your pets, then ask for the first visit."
    ),
    MailKind.REGISTRATION_TOLD: RegistrationTold(_ALICE, "alice@example.com", is_waiting=True),
    MailKind.TEMPLATE_TEST: TemplateTest(
        "job_scheduled",
        "Your visits",
        "Hello {CLIENT_FORENAME},\n\n{VISITS}\n\n[[Open your schedule|{PORTAL_SCHEDULE_URL}]]",
    ),
    MailKind.OWN_MAIL: OwnMail(
        _ALICE,
        "Alice",
        "Archer",
        _NUMBER,
        "We are away in May",
        "Hello {CLIENT_FORENAME},\n\nno walks that week.",
        is_news=True,
    ),
}
