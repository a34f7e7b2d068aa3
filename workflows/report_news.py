"""Telling of report cards: the mail to the client, the sitter's about thanks, and lines on HOME."""

from dataclasses import replace

import sqlalchemy as sa

from foundation.db import db
from models import Client, ClientLogin, ClientStatus, NotificationKind, ReportCard
from workflows import field_news, notifications, outbox, report_views, settings, staff_mails
from workflows.mail_facts import MailKind, ReportCardFacts, ReportThanked
from workflows.report_views import Told
from workflows.visit_facts import job_facts

#: photos go along with the mail, for clients who have no way to them, as long as they are no more bytes together
MOST_BYTES = 8 * 2**20


def mail_client(card: ReportCard, told: Told, *, anew: bool = False) -> None:
    """The card by mail, unless the settings or an internal service keep it back.

    Who reads cards in the portal gets a link to the photos there; others get the photos themselves, as many as fit.
    """
    job = card.job
    if job.service_item.is_internal or (not settings.read()["reports.mail"] and not anew):
        return
    in_portal = _reads_in_portal(job.client)
    along, n_bytes = [], 0
    for photo in () if in_portal else told.photos:
        n_bytes += photo.n_bytes
        if n_bytes <= MOST_BYTES:
            along.append(photo.id)
    facts = ReportCardFacts(
        str(job.client), job.client.account_number, replace(job_facts(job), price="", note="", sitter=""), card.public_id, card.message,
        tuple((a.label, a.words) for part in told.parts for a in part.answers if a.kind.value not in {"image", "file"}),
        n_photos=len(told.photos), n_along=len(along), in_portal=in_portal, is_corrected=anew,
        sitter=card.staff.first_name if card.staff and settings.read()["portal.show_sitter"] else "",
    )  # fmt: skip
    version = f":{card.version}" if anew else ""
    mail = outbox.queue_client_mail(MailKind.REPORT_CARD, facts, client=job.client, dedupe_key=f"report_card:{card.id}{version}")  # fmt: skip
    if mail is not None and along:
        mail.file_ids = along
        db.session.flush()


def _reads_in_portal(client: Client) -> bool:
    """Can somebody of the household log in and read it there?"""
    if not report_views.is_open_to_clients() or not client.portal_enabled or client.status is ClientStatus.ARCHIVED:
        return False
    own = sa.select(ClientLogin.id).where(ClientLogin.client_id == client.id, ClientLogin.is_active)
    return db.session.scalar(own.limit(1)) is not None


def tell_office(card: ReportCard) -> None:
    """A line on HOME: the sitter wrote a note to the office."""
    sitter = card.staff.first_name if card.staff else ""
    notifications.notify_office(
        NotificationKind.REPORT_SENT, client=card.job.client, sitter=sitter, about=[field_news.short(card.office_note)],
        job_id=card.job_id,
    )  # fmt: skip


def tell_thanks(card: ReportCard) -> None:
    """A line on HOME, and a mail to the sitter who wrote the card."""
    job, sitter = card.job, card.staff
    about = [field_news.short(card.thanks)] if card.thanks else []
    name = sitter.first_name if sitter else ""
    notifications.notify_office(
        NotificationKind.REPORT_THANKED, client=job.client, sitter=name, about=about, job_id=job.id
    )
    if sitter is not None and sitter.is_active and sitter.email:
        facts = ReportThanked(sitter.first_name, str(job.client), job_facts(job, for_sitter=True), card.thanks, job.public_id)  # fmt: skip
        staff_mails.queue(MailKind.REPORT_THANKED, facts, staff=sitter, dedupe_key=f"report_thanked:{card.id}")  # fmt: skip
