"""One client: the blue snapshot panel with "Go to portal", and tabs for visits, requests, mails and the log."""

from typing import Any

import sqlalchemy as sa
from flask import abort, flash, make_response, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext
from sqlalchemy.orm import contains_eager, joinedload, selectinload
from werkzeug.wrappers import Response

from admin_site import (
    billing_account,
    change_queue,
    client_reading,
    client_snapshot,
    field_data,
    keys,
    log_entries,
    merging,
    stored_files,
    words,
)
from admin_site.client_snapshot import Snapshot
from admin_site.invited import state_chip as login_chip
from admin_site.pages import Answer, WorkPage, faces, get_or_404, page, press, refuse
from admin_site.reading import MAX_ID, link, read_page
from admin_site.repeats import going_on, state_chip
from foundation import clock
from foundation.db import db, writing_between
from foundation.twins import attached
from mailer import kinds
from models import (
    Client,
    ClientPrice,
    ClientStatus,
    Job,
    JobRequest,
    JobRequestLine,
    MailState,
    OutboxMail,
    Pet,
    PetStatus,
    Realm,
    Repeat,
    RepeatTime,
    RequestMessage,
    ServiceItem,
    StoredFile,
    TimeBlock,
)
from sign_in import current_actor, current_sign_in, put_cookie
from ui_kit import repeat_words
from workflows import (
    client_sitters,
    invitations,
    letters,
    once,
    people,
    portal_views,
    report_views,
    second_factor,
    sign_ins,
)
from workflows.errors import Conflict, WorkflowError
from workflows.permissions import Permission

TABS = ("overview", "details", "schedule", "repeats", "requests", "files", "keys", "messages", "log", "account")
PER_PAGE = 25
COMING = 8


class ClientPage(WorkPage):
    """Everything about one client."""

    @expose("/")
    def index(self) -> Response:
        """The list of clients is another page."""
        return redirect(link("clients.index_view") or url_for("admin.index"))

    @expose("/<int:client_id>/")
    def show(self, client_id: int) -> Answer:
        """The snapshot and one tab."""
        tab = request.args.get("tab", TABS[0])
        return self._show(client_id, tab if tab in TABS else TABS[0])

    @expose("/<int:client_id>/letters", methods=("POST",))
    def write(self, client_id: int) -> Answer:
        """Write to the client; what is refused comes back as it was typed. Sent twice, it is there once."""
        client = get_or_404(Client, client_id)
        body = request.form.get("body", "")
        try:
            once.claim(request.form.get("form_key"))
            letters.write_as_office(client, body=body, actor=self.actor)
            db.session.commit()
        except Conflict as sent_twice:
            refuse(sent_twice)
        except WorkflowError as problem:
            db.session.rollback()
            return self._show(client_id, "messages", 422, body=body, problem=problem.say(gettext))
        else:
            flash(gettext("Sent."), "success")
        return redirect(url_for(".show", client_id=client_id, tab="messages"), 303)

    def _show(self, client_id: int, tab: str, status: int = 200, **typed: str) -> Answer:
        known = client_snapshot.read(client_id) if 0 < client_id <= MAX_ID else None
        if known is None:
            abort(404)
        client = known.client
        if client.status is ClientStatus.ARCHIVED and (elsewhere := merging.gone_to("client", client_id)):
            return elsewhere
        coming = client_reading.coming(client.id, COMING if tab == TABS[0] else 1)
        pets = client_reading.pets(client.id)
        here = [p for p in pets if p.status is PetStatus.ACTIVE]
        number = read_page()
        data = {**_TAB_DATA[tab](known, number, coming), **typed}
        return page(
            "client.html",
            status,
            client=client,
            is_returned=known.is_returned,
            tab=tab,
            pets=pets,
            faces=faces(here, photo_url=stored_files.photo_url),
            photo_url=stored_files.photo_url,
            alerts=[p for p in here if p.warning],
            next_visit=coming[0] if coming else None,
            n_waiting=known.n_waiting,
            n_agreements=known.n_agreements,
            has_agreements=known.has_agreements,
            keys_words=keys.snapshot_words(*known.n_keys, not_needed=client.key_not_needed),
            last_login=_last_login(client),
            n_logins=len(client.logins),
            has_factor=known.has_factor,
            has_password=any(x.password_hash for x in client.logins),
            phone=people.show_phone(client.phone, region=people.region()),
            status_chip=_status_chip(client),
            number=number,
            may={p.name.lower(): self.actor.may(p) for p in Permission},
            **billing_account.tile(known.stands, known.last),
            **data,
        )

    @expose("/<int:client_id>/portal-visit", methods=("POST",))
    def portal_visit(self, client_id: int) -> Answer:
        """Open this client's portal as the client sees it; logged, with a banner there, over after half an hour."""
        client, me = get_or_404(Client, client_id), current_sign_in()
        if me is None:
            abort(403)
        opened = portal_views.open_portal_as(client, actor=self.actor, opened_by=me.sign_in)
        db.session.commit()
        response = make_response(redirect("/portal/"))
        put_cookie(response, Realm.CLIENT, {"_user_id": f"{Realm.CLIENT.value}.{opened.token}", "_fresh": False})
        return response

    @expose("/<int:client_id>/invitation", methods=("POST",))
    def invite(self, client_id: int) -> Answer:
        """Mail the client a link with which the portal's password is set."""
        client = get_or_404(Client, client_id)
        try:
            login = invitations.invite_client(client, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            flash(gettext("A log-in link goes to %(email)s. It works once, for 7 days.", email=login.email), "success")
        return redirect(url_for(".show", client_id=client_id))

    @expose("/<int:client_id>/signing-out", methods=("POST",))
    def sign_out(self, client_id: int) -> Answer:
        """Log the household out everywhere."""
        client = get_or_404(Client, client_id)
        return press(lambda: sign_ins.sign_out_client(client, actor=self.actor), gettext("Logged out everywhere."), url_for(".show", client_id=client.id))  # fmt: skip

    @expose("/<int:client_id>/factor-reset", methods=("POST",))
    def reset_factor(self, client_id: int) -> Answer:
        """Take second factors and passkeys away, for somebody whose phone is gone."""
        client = get_or_404(Client, client_id)
        done = gettext("Reset. They log in with their password alone and are told by mail.")
        return press(lambda: second_factor.reset(client, actor=self.actor), done, url_for(".show", client_id=client.id))


# ------------------------------------------------------------------------------------------------------- reading


def _status_chip(client: Client) -> tuple[str, str]:
    return {
        ClientStatus.PROSPECT: ("req", gettext("Prospect")),
        ClientStatus.ACTIVE: ("ok", gettext("Active")),
        ClientStatus.INACTIVE: ("mute", gettext("Inactive")),
        ClientStatus.ARCHIVED: ("mute", gettext("Archived")),
    }[client.status]


def _last_login(client: Client) -> Any:
    return max((x.last_login_at for x in client.logins if x.last_login_at), default=None)


def _visits() -> Any:
    return (
        sa.select(Job)
        .options(
            joinedload(Job.service_item), contains_eager(Job.time_block), joinedload(Job.sitter), selectinload(Job.pets)
        )
        .outerjoin(Job.time_block)
    )


# Built once: putting a statement with its options together takes longer than the database takes to answer it.
_CLIENT_ID = sa.bindparam("client_id", type_=sa.Integer)
_PRICES = (
    sa.select(ClientPrice)
    .where(ClientPrice.client_id == _CLIENT_ID)
    .join(ClientPrice.service_item)
    .options(contains_eager(ClientPrice.service_item).load_only(ServiceItem.name, ServiceItem.price))
    .order_by(ServiceItem.name, ClientPrice.id)
)


def _overview(known: Snapshot, _number: int, coming: list[Job]) -> dict[str, Any]:
    client_id = known.client.id
    waiting = client_reading.waiting(client_id, COMING) if known.n_waiting else []
    return {
        "coming": client_reading.soonest(coming, waiting)[:COMING],
        "contacts": client_reading.contacts(client_id) if known.has_contacts else [],
        "own_sitters": client_sitters.of_client(client_id) if known.has_sitters else [],
        "prices": db.session.scalars(_PRICES, {"client_id": client_id}).all() if known.has_prices else [],
        "entries": [log_entries.log_entry(line) for line in client_reading.last_log(client_id)],
        "reports": report_views.last_of_household(client_id) if report_views.is_on() else None,
        "show_phone": _phone,
        "login_chip": login_chip,
        "pet_line": _pet_line,
    }


def _phone(number: str | None) -> str:
    return people.show_phone(number, region=people.region())


def _pet_line(pet: Pet) -> str:
    """`Labrador cross, 4 years`."""
    parts = [pet.breed or words.word(pet.species)]
    if pet.born_on is not None:
        today = clock.today()
        months = (today.year - pet.born_on.year) * 12 + today.month - pet.born_on.month - (today.day < pet.born_on.day)
        years = months // 12
        parts.append(ngettext("%(num)d year", "%(num)d years", years) if years else ngettext("%(num)d month", "%(num)d months", months))  # fmt: skip
    return ", ".join(parts)


def _schedule(known: Snapshot, number: int, _coming: list[Job]) -> dict[str, Any]:
    """All visits, the latest first; pages are not counted, so that a long history costs nothing."""
    found = db.session.scalars(
        _visits()
        .where(Job.client_id == known.client.id)
        .order_by(
            Job.on_date.desc(), sa.func.coalesce(Job.start_time, TimeBlock.starts_at).desc().nulls_last(), Job.id.desc()
        )
        .limit(PER_PAGE + 1)
        .offset((number - 1) * PER_PAGE)
    ).all()
    return {"visits": found[:PER_PAGE], "has_more": len(found) > PER_PAGE}


def _repeats(known: Snapshot, _number: int, _coming: list[Job]) -> dict[str, Any]:
    """The repeating services, those that go on first."""
    found = db.session.scalars(
        sa.select(Repeat)
        .where(Repeat.client_id == known.client.id)
        .options(
            joinedload(Repeat.service_item),
            joinedload(Repeat.sitter),
            selectinload(Repeat.times).joinedload(RepeatTime.time_block),
            selectinload(Repeat.pauses),
        )
        .order_by(going_on().desc(), Repeat.starts_on.desc(), Repeat.id.desc())
        .limit(PER_PAGE)
    ).all()
    return {"series": found, "repeat_chip": state_chip, "series_words": repeat_words}


def _requests(known: Snapshot, number: int, _coming: list[Job]) -> dict[str, Any]:
    found = db.session.scalars(
        sa.select(JobRequest)
        .where(JobRequest.client_id == known.client.id, JobRequest.submitted_at.is_not(None))
        .options(
            selectinload(JobRequest.lines).options(
                joinedload(JobRequestLine.service_item), joinedload(JobRequestLine.time_block)
            ),
            selectinload(JobRequest.messages).joinedload(RequestMessage.staff),
        )
        .order_by(JobRequest.submitted_at.desc(), JobRequest.id.desc())
        .limit(10 + 1)
        .offset((number - 1) * 10)
    ).all()
    changes = change_queue.of_client(attached(known.client)) if number == 1 else []
    return {"requests": found[:10], "has_more": len(found) > 10, "changes": changes}


def _files(known: Snapshot, number: int, _coming: list[Job]) -> dict[str, Any]:
    """What the client uploaded and what the office gave, the newest first."""
    return {**stored_files.listed(StoredFile.client_id == known.client.id, number), **stored_files.sending()}


def _keys(known: Snapshot, _number: int, _coming: list[Job]) -> dict[str, Any]:
    return keys.of_client(known.client.id)


def _messages(known: Snapshot, number: int, _coming: list[Job]) -> dict[str, Any]:
    client = attached(known.client)
    found = db.session.scalars(
        sa.select(OutboxMail)
        .where(OutboxMail.client_id == client.id)
        .order_by(OutboxMail.id.desc())
        .limit(PER_PAGE + 1)
        .offset((number - 1) * PER_PAGE)
    ).all()
    chips = {
        MailState.QUEUED: ("req", gettext("Queued")),
        MailState.SENDING: ("live", gettext("Being sent")),
        MailState.SENT: ("ok", gettext("Sent")),
        MailState.FAILED: ("late", gettext("Failed")),
        MailState.CANCELLED: ("off", gettext("Stopped")),
    }
    written = list(letters.thread(client, limit=PER_PAGE + 1, offset=(number - 1) * PER_PAGE))
    if number == 1 and letters.unread_of(written, by_office=True) and request.method == "GET":
        with writing_between():
            letters.mark_read(client, by_office=True)
    more = len(found) > PER_PAGE or len(written) > PER_PAGE
    return {
        "mails": found[:PER_PAGE], "has_more": more, "chips": chips, "mail_word": kinds.label,
        "letters": written[:PER_PAGE][::-1], "form_key": once.new_key(), "body": "", "problem": "",
    }  # fmt: skip


def _details(known: Snapshot, _number: int, _coming: list[Job]) -> dict[str, Any]:
    record = field_data.record_of(attached(known.client))
    actor = current_actor()
    return {"record": record, "sheets": field_data.sheets_of(record), "may_edit": actor.may(Permission.CLIENTS), "may_open": actor.may(Permission.SECRETS)}  # fmt: skip


def _log(known: Snapshot, number: int, _coming: list[Job]) -> dict[str, Any]:
    found = client_reading.log(known.client.id, (number - 1) * PER_PAGE, PER_PAGE + 1)
    entries = [log_entries.log_entry(line) for line in found]
    return {"entries": entries[:PER_PAGE], "has_more": len(entries) > PER_PAGE}


def _account(known: Snapshot, number: int, _coming: list[Job]) -> dict[str, Any]:
    return billing_account.tab(
        known.client, number, known.stands, has_notes=known.has_open_notes, has_methods=known.has_methods
    )


_TAB_DATA = {
    "overview": _overview,
    "details": _details,
    "schedule": _schedule,
    "repeats": _repeats,
    "requests": _requests,
    "files": _files,
    "keys": _keys,
    "messages": _messages,
    "log": _log,
    "account": _account,
}


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(ClientPage(name="Client", endpoint="client_page", url="client"))
