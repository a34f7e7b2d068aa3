"""Job requests: the queue of clients, one client's batch, unsent baskets, and what was decided lately.

Every button here ends in `workflows.job_requests` or `workflows.baskets`; reading is in `request_queue`.
"""

from typing import Any

from flask import flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext

from admin_site import frame, log_entries, queue_lines, request_queue
from admin_site.fields import UNASSIGNED, sitter_options
from admin_site.pages import Answer, active_sitters, faces, get_or_404, is_htmx, page, refuse
from admin_site.reading import initials, read_id, read_ids, read_page, read_tokens, write_tokens
from admin_site.request_line_pages import LinePages
from foundation.db import db
from models import Client, JobRequest, JobRequestLine, Staff
from workflows import baskets, conflicts, job_requests, once, request_threads
from workflows.errors import N_, Conflict, Invalid, WorkflowError, WrongState

PER_PAGE = 50
NEIGHBOURS = 6
Meanwhile = WrongState | Conflict
DECIDED = {
    "declined": ("job_request.declined",),
    "done": ("job_request.scheduled", "job_request.declined", "job_request.deleted", "job_request.cancelled"),
}


class RequestsPage(LinePages):
    """The queue and the batch screen."""

    # ------------------------------------------------------------------------------------------------ the lists

    @expose("/")
    def index(self) -> Answer:
        """One row a client, sortable."""
        sort = request.args.get("sort", "first")
        sort = sort if sort in request_queue.SORTS else "first"
        descending = request.args.get("desc") == "1"
        rows = request_queue.queue(sort, descending=descending)
        pages = max(-(-len(rows) // PER_PAGE), 1)
        number = min(read_page(), pages)
        shown = rows[(number - 1) * PER_PAGE : number * PER_PAGE]
        request_queue.add_starts(shown)
        return page(
            "requests.html", rows=shown, n_rows=len(rows), sort=sort, descending=descending, number=number, pages=pages,
            counts=_counts(rows), view="waiting", lines=queue_lines.of_queue(shown),
        )  # fmt: skip

    @expose("/baskets/")
    def baskets(self) -> Answer:
        """What clients have chosen but not sent."""
        return self._show_baskets()

    @expose("/baskets/<int:basket_id>/reminder", methods=("POST",))
    def remind(self, basket_id: int) -> Answer:
        """Mail a client about the unsent basket."""
        basket = get_or_404(JobRequest, basket_id)
        try:
            once.claim(request.form.get("form_key"))
            baskets.remind(basket, body=request.form.get("body", ""), actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            flash(gettext("%(client)s gets a mail about the basket.", client=str(basket.client)), "success")
        return redirect(url_for(".baskets"))

    def _show_baskets(self) -> Answer:
        number = read_page()
        rows = request_queue.unsent(PER_PAGE + 1, (number - 1) * PER_PAGE)
        return page(
            "baskets.html", rows=rows[:PER_PAGE], has_more=len(rows) > PER_PAGE, number=number, new_key=once.new_key,
            counts=_counts(), view="baskets", say=lambda refusal: refusal.error().say(gettext),
        )  # fmt: skip

    @expose("/<any(declined, done):view>/")
    def decided(self, view: str) -> Answer:
        """What was decided in the last 30 days."""
        number = read_page()
        found = request_queue.decided(DECIDED[view], PER_PAGE + 1, (number - 1) * PER_PAGE)
        entries = [(line, log_entries.log_entry(line)) for line in found[:PER_PAGE]]
        return page(
            "decided.html", entries=entries, has_more=len(found) > PER_PAGE, number=number, counts=_counts(), view=view,
            days=request_queue.DECIDED_DAYS,
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------------- the batch

    @expose("/<int:client_id>/")
    def batch(self, client_id: int) -> Answer:
        """What waits of one client."""
        return self._show_batch(get_or_404(Client, client_id))

    def _show_batch(
        self,
        client: Client,
        status: int = 200,
        *,
        ticked: list[int] | None = None,
        alert: str | None = None,
        clashes: list[conflicts.Clash] | None = None,
    ) -> Answer:
        """The batch screen; `clashes` are those that stopped the scheduling and can be accepted."""
        sitters = active_sitters(client.id)
        found = request_queue.batch(client, sitters, ticked)
        rows = request_queue.queue()
        shown = _around(rows, client.id)
        request_queue.add_starts(shown)
        return page(
            "batch.html", status, batch=found, client=client, neighbours=shown, n_rows=len(rows), counts=_counts(rows),
            view="waiting", alert=alert, clashes=clashes or [], form_key=once.new_key(), faces=faces, initials=initials,
            tokens=write_tokens(c.token for c in clashes or []), options=_options_of_row(sitters),
            pets=[p for p in client.pets if p.status.value == "active"],
        )  # fmt: skip

    @expose("/<int:client_id>/sitters", methods=("POST",))
    def sitters(self, client_id: int) -> Answer:
        """Keep the sitters that are chosen, and look again for conflicts."""
        client = get_or_404(Client, client_id)
        try:
            self._keep_choices(client)
            db.session.commit()
        except WorkflowError as problem:
            db.session.rollback()
            return self._show_batch(client, 422, ticked=_ticked(), alert=problem.say(gettext))
        if is_htmx():
            return self._show_batch(client, ticked=_ticked())
        flash(gettext("Sitters saved."), "success")
        return redirect(url_for(".batch", client_id=client_id))

    def _keep_choices(self, client: Client) -> None:
        """Note the posted choices of sitters, as far as their lines still wait and really change."""
        posted = {line.id: request.form.get(f"sitter-{line.id}") for line in request_queue.waiting_lines(client.id, with_cancelled=False)}  # fmt: skip
        line_id, _colon, sitter_id = request.form.get("give", "").partition(":")
        if (given := read_id(line_id)) in posted and given is not None:
            posted[given] = sitter_id
        people = {s.id: s for s in active_sitters()}
        choices: dict[int, tuple[Staff | None, bool]] = {}
        for number, choice in posted.items():
            if choice is None:
                continue
            sitter_id_or_none = read_id(choice)
            sitter = people.get(sitter_id_or_none) if sitter_id_or_none else None
            if sitter is None and sitter_id_or_none is not None:
                sitter = get_or_404(Staff, sitter_id_or_none)  # refused by the workflow, with a sentence
            choices[number] = (sitter, choice == UNASSIGNED)
        job_requests.choose_sitters(client, choices, actor=self.actor)

    @expose("/<int:client_id>/scheduling", methods=("POST",))
    def schedule(self, client_id: int) -> Answer:
        """Turn the ticked lines into visits, or say what stands against it."""
        client, ticked = get_or_404(Client, client_id), _ticked()
        try:
            self._keep_choices(client)
            lines = _lines(client, ticked)
            with db.session.begin_nested():
                made = job_requests.schedule(
                    client,
                    lines,
                    actor=self.actor,
                    accept=read_tokens(request.form.get("accept")),
                    message=request.form.get("message", ""),
                )
            db.session.commit()
        except conflicts.ConflictsFound as stopped:
            db.session.commit()  # nothing is scheduled, but the choice of sitters stays
            clashes = list({clash.token: clash for found in stopped.clashes.values() for clash in found}.values())
            return self._show_batch(client, 409, ticked=ticked, alert=stopped.say(gettext), clashes=clashes)
        except WorkflowError as problem:
            return self._refused(client, ticked, problem)
        flash(_scheduled(len(made), client), "success")
        return self._next(client)

    def _refused(self, client: Client, ticked: list[int], problem: WorkflowError) -> Answer:
        """The batch again, with the reason."""
        db.session.rollback()
        status = 409 if isinstance(problem, Meanwhile) else 422
        return self._show_batch(client, status, ticked=ticked, alert=problem.say(gettext))

    def _next(self, client: Client) -> Answer:
        """Stay while something of this client waits, else back to the queue."""
        if request_queue.waiting_lines(client.id):
            return redirect(url_for(".batch", client_id=client.id))
        return redirect(url_for(".index"))

    @expose("/<int:client_id>/declining", methods=("POST",))
    def decline(self, client_id: int) -> Answer:
        """Say no to the ticked lines, with a reason."""
        client, ticked = get_or_404(Client, client_id), _ticked()
        if "ask" in request.form:
            return self._ask("decline.html", client, ticked)
        try:
            lines = job_requests.decline(
                client, _lines(client, ticked), reason=request.form.get("reason", ""), actor=self.actor
            )
            db.session.commit()
        except WorkflowError as problem:
            if problem.field == "reason":
                db.session.rollback()
                return self._ask("decline.html", client, ticked, problem.say(gettext))
            return self._refused(client, ticked, problem)
        flash(ngettext("%(num)d visit declined. %(client)s gets a mail with your reason.", "%(num)d visits declined. %(client)s gets a mail with your reason.", len(lines), client=client.first_name), "success")  # fmt: skip
        return self._next(client)

    @expose("/<int:client_id>/deletion", methods=("POST",))
    def delete(self, client_id: int) -> Answer:
        """Take the ticked lines off the queue without telling the client."""
        client, ticked = get_or_404(Client, client_id), _ticked()
        if "ask" in request.form:
            return self._ask("delete.html", client, ticked)
        try:
            lines = job_requests.delete_lines(client, _lines(client, ticked), actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            return self._refused(client, ticked, problem)
        flash(ngettext("%(num)d requested visit deleted. The log keeps it.", "%(num)d requested visits deleted. The log keeps them.", len(lines)), "success")  # fmt: skip
        return self._next(client)

    def _ask(self, template: str, client: Client, ticked: list[int], error: str | None = None) -> Answer:
        """The question on a page of its own: for browsers without JavaScript, and when an answer was not enough."""
        lines = [x for x in request_queue.waiting_lines(client.id, with_cancelled=False) if x.id in ticked]
        if not lines:
            return self._refused(client, ticked, Invalid("no_lines", N_("Tick at least one visit.")))
        return page(template, 422 if error else 200, client=client, lines=lines, error=error)

    @expose("/<int:client_id>/message", methods=("POST",))
    def message(self, client_id: int) -> Answer:
        """Write to the client and/or the sitters about the ticked lines (about all, if none is ticked)."""
        client, ticked = get_or_404(Client, client_id), _ticked()
        waiting = request_queue.waiting_lines(client.id, with_cancelled=False)
        lines = [x for x in waiting if x.id in ticked] or waiting
        if "ask" in request.form and lines:
            return self._ask_message(client, lines)
        try:
            once.claim(request.form.get("form_key"))
            if not lines:
                raise WrongState("request_decided", N_("Nothing of this client is waiting any more."))
            self._write(lines)
            db.session.commit()
        except WorkflowError as problem:
            db.session.rollback()
            if isinstance(problem, Invalid):
                return self._ask_message(client, lines, problem.say(gettext))
            return self._refused(client, ticked, problem)
        flash(gettext("Message sent. It stays on this page."), "success")
        return redirect(url_for(".batch", client_id=client_id))

    def _write(self, lines: list[JobRequestLine]) -> None:
        by_request: dict[JobRequest, list[JobRequestLine]] = {}
        for line in lines:
            by_request.setdefault(line.request, []).append(line)
        for about, own in by_request.items():
            request_threads.write(
                about,
                own,
                body=request.form.get("body", ""),
                to_client="to_client" in request.form,
                to_sitters="to_sitters" in request.form,
                actor=self.actor,
            )

    def _ask_message(self, client: Client, lines: list[JobRequestLine], error: str | None = None) -> Answer:
        return page(
            "message.html", 422 if error else 200, client=client, lines=lines, error=error,
            form_key=once.new_key(),
        )  # fmt: skip

    @expose("/<int:client_id>/dismissal", methods=("POST",))
    def dismiss(self, client_id: int) -> Answer:
        """Take the greyed, cancelled lines off the queue."""
        client = get_or_404(Client, client_id)
        n_lines = job_requests.dismiss_cancelled(client, actor=self.actor)
        db.session.commit()
        flash(ngettext("%(num)d cancelled visit dismissed.", "%(num)d cancelled visits dismissed.", n_lines), "success")
        return self._next(client)


# ------------------------------------------------------------------------------------------------------- helpers


def _counts(rows: list[request_queue.QueueRow] | None = None) -> request_queue.Counts:
    n_waiting = frame.n_clients_waiting() if rows is None else sum(r.n_waiting > 0 for r in rows)
    return request_queue.Counts(n_waiting, request_queue.n_baskets())


def _around(rows: list[request_queue.QueueRow], client_id: int) -> list[request_queue.QueueRow]:
    """The few clients before and after this one in the queue."""
    at = next((n for n, row in enumerate(rows) if row.client_id == client_id), 0)
    start = max(min(at - NEIGHBOURS // 2, len(rows) - NEIGHBOURS), 0)
    return rows[start : start + NEIGHBOURS]


def _options_of_row(sitters: list[Staff]) -> Any:
    """The choices of a row's select; most rows share one list."""
    shared = sitter_options(sitters)
    return lambda sitter: shared if sitter is None or sitter in sitters else sitter_options(sitters, current=sitter)


def _ticked() -> list[int]:
    return read_ids(request.form.getlist("line"))


def _lines(client: Client, ticked: list[int]) -> list[JobRequestLine]:
    """The ticked lines of this client, whatever became of them; Invalid when none is."""
    lines = [x for number in ticked if (x := db.session.get(JobRequestLine, number)) and x.client_id == client.id]
    if not lines or len(lines) != len(ticked):
        raise Invalid("no_lines", N_("Tick at least one visit."))
    return lines


def _scheduled(n: int, client: Client) -> str:
    if not client.email:
        return ngettext("%(num)d visit scheduled. %(client)s has no mail address and was not told.", "%(num)d visits scheduled. %(client)s has no mail address and was not told.", n, client=client.first_name)  # fmt: skip
    return ngettext("%(num)d visit scheduled. %(client)s gets one mail.", "%(num)d visits scheduled. %(client)s gets one mail.", n, client=client.first_name)  # fmt: skip


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(RequestsPage(name="Job requests", endpoint="requests", url="job-requests"))
