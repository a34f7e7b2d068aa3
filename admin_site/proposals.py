"""What clients want changed and the office must agree to: old beside new, one by one or many at once, with a word."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask import abort, flash, make_response, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext
from markupsafe import Markup
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from admin_site.pages import Answer, WorkPage, page, refuse
from admin_site.people import client_url
from admin_site.reading import read_id
from foundation.db import db
from models import Client, CustomField, FieldKind, FieldProposal, FieldSection, Pet, ProposalState, StoredFile
from workflows import field_deciding, field_kinds, field_order, field_values
from workflows.errors import WorkflowError
from workflows.field_kinds import Value, kind_of
from workflows.permissions import Permission

#: texts longer than this are shown whole, without what changed in them
MOST_WORDS = 1500
PER_PAGE = 100


@dataclass(frozen=True)
class Row:
    """A proposal with what it would change, in words."""

    proposal: FieldProposal
    label: str
    client_url: str
    details_url: str
    old: str
    new: str
    #: "same", "gone" or "added" and the words, of a text in which something changed
    words: list[tuple[str, str]] = field(default_factory=list)
    #: what the field holds by now, when the office changed it after the client asked
    now: str | None = None
    #: why it cannot be accepted
    trouble: str = ""
    is_secret: bool = False
    is_open: bool = False


class ProposalPages(WorkPage):
    """The queue of proposals."""

    permission = Permission.CLIENTS

    @expose("/")
    def index(self) -> Answer:
        """What waits, oldest first; with `done` what was decided, the latest first."""
        return self._show({})

    @expose("/decision", methods=("POST",))
    def decision(self) -> Response:
        """Accept or decline one, or all that are ticked."""
        one, choice = request.form.get("one", ""), request.form.get("choice", "")
        verb, _colon, public_id = one.partition(":")
        accept = (verb or choice) == "accept"
        if (verb or choice) not in {"accept", "decline"}:
            abort(400)
        ids = [public_id] if one else request.form.getlist("proposal")
        here = url_for(".index", client_id=read_id(request.form.get("client_id")))
        if not ids:
            flash(gettext("Tick what you want to decide."), "warning")
            return redirect(here)
        try:
            decided = field_deciding.decide(ids, accept=accept, actor=self.actor, answer=request.form.get("answer", ""))
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
            return redirect(here)
        _say(decided, accept=accept)
        return redirect(here)

    @expose("/<public_id>/secret", methods=("POST",))
    def secret(self, public_id: str) -> Answer:
        """A proposed secret in the clear, this once; the look is logged."""
        proposal = db.session.scalar(
            sa.select(FieldProposal).where(FieldProposal.public_id == public_id.replace("\0", "")[:16])
        )
        if proposal is None or proposal.state is not ProposalState.PENDING:
            abort(404)
        try:
            field_values.reveal(_owner(proposal), [proposal.field], actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
            return redirect(url_for(".index"))
        answer = make_response(self._show({proposal.id: True})[0])
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _show(self, opened: Mapping[int, bool]) -> tuple[str, int]:
        is_done = "done" in request.args
        client_id = read_id(request.args.get("client_id"))
        client = db.session.get(Client, client_id) if client_id else None
        if client_id and client is None:
            abort(404)
        found = _find(is_done=is_done, client_id=client_id)
        return page(
            "proposals.html", rows=_rows(found[:PER_PAGE], opened, may_open=self.actor.may(Permission.SECRETS)),
            has_more=len(found) > PER_PAGE, is_done=is_done, client=client, may_open=self.actor.may(Permission.SECRETS),
        )  # fmt: skip


def _find(*, is_done: bool, client_id: int | None) -> list[FieldProposal]:
    waiting = FieldProposal.state == ProposalState.PENDING
    rows = sa.select(FieldProposal).where(sa.not_(waiting) if is_done else waiting)
    if client_id:
        rows = rows.where(FieldProposal.client_id == client_id)
    rows = rows.options(
        joinedload(FieldProposal.field).joinedload(CustomField.section).joinedload(FieldSection.page), joinedload(FieldProposal.client), joinedload(FieldProposal.pet),
        joinedload(FieldProposal.decided_by),
    )  # fmt: skip
    rows = rows.order_by(FieldProposal.id.desc() if is_done else FieldProposal.id)
    return list(db.session.scalars(rows.limit(PER_PAGE + 1)))


def _rows(proposals: Sequence[FieldProposal], opened: Mapping[int, bool], *, may_open: bool) -> list[Row]:
    owners = {(type(o), o.id): o for o in map(_owner, proposals)}
    held = {kind: field_values.read_many([o for (k, _id), o in owners.items() if k is kind]) for kind in (Client, Pet)}
    rows = []
    for proposal in proposals:
        of, owner = proposal.field, _owner(proposal)
        is_open = proposal.id in opened
        old, new = (field_values.opened(of, proposal.facts.get(key)) for key in ("old", "new"))
        now = held[type(owner)][owner.id].of(of)

        def words(value: Value, of=of, is_open=is_open) -> str:  # noqa: ANN001 -- the row's own
            if isinstance(value, StoredFile):
                return file_words(value)
            return field_kinds.shown(of, value, reveal=is_open, translate=gettext)

        is_waiting = proposal.state is ProposalState.PENDING
        rows.append(
            Row(
                proposal, of.label, client_url(proposal.client_id), _details_url(owner), words(old), words(new),
                _diff(words(old), words(new)) if kind_of(of) is FieldKind.LONG_TEXT and (is_open or not of.is_secret) else [],
                words(now) if is_waiting and not _is_same(now, old) else None,
                _trouble(proposal, may_open=may_open) if is_waiting else "", of.is_secret, is_open,
            )
        )  # fmt: skip
    return rows


def file_words(file: StoredFile) -> str:
    """A photo or document that waits, or is there: its name leads to it, a photo stands small before it."""
    if file.removed_at is not None:
        return file.name
    how = "picture" if file.thumbnail_key else "download"
    address = url_for("files_page.give", file_id=file.id, how=how)
    small = url_for("files_page.give", file_id=file.id, how="thumb") if file.thumbnail_key else ""
    picture = Markup('<img class="fd-thumb" src="{}" alt="" loading="lazy"> ').format(small) if small else ""
    return picture + Markup('<a class="ui-link" href="{}">{}</a>').format(address, file.name)


def _owner(proposal: FieldProposal) -> Client | Pet:
    return proposal.pet or proposal.client


def _is_same(one: Value, other: Value) -> bool:
    return one == other or (isinstance(one, StoredFile) and isinstance(other, StoredFile) and one.id == other.id)


def _details_url(owner: Client | Pet) -> str:
    return url_for("data.show", kind=owner.__tablename__, owner_id=owner.id)


def _trouble(proposal: FieldProposal, *, may_open: bool) -> str:
    if not field_order.is_live(proposal.field):
        return gettext("This field is retired: it can only be declined.")
    if proposal.field.is_secret and not may_open:
        return gettext("Only who may see secrets can accept it.")
    return ""


def _diff(old: str, new: str) -> list[tuple[str, str]]:
    """What went and what came, word by word."""
    before, after = (re.findall(r"\s+|[^\s]+", text) for text in (old, new))
    if not before or not after or len(before) + len(after) > MOST_WORDS:
        return []
    found: list[tuple[str, str]] = []
    for kind, i, j, k, m in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(("same", "".join(before[i:j])))
            continue
        if before[i:j]:
            found.append(("gone", "".join(before[i:j])))
        if after[k:m]:
            found.append(("added", "".join(after[k:m])))
    return found


def _say(decided: field_deciding.Decided, *, accept: bool) -> None:
    n = len(decided.done)
    if n and accept:
        flash(ngettext("%(num)d change accepted.", "%(num)d changes accepted.", n), "success")
    elif n:
        flash(ngettext("%(num)d change declined.", "%(num)d changes declined.", n), "success")
    if decided.over:
        flash(ngettext("%(num)d was decided or taken back meanwhile, and stays as it is.", "%(num)d were decided or taken back meanwhile, and stay as they are.", decided.over), "warning")  # fmt: skip
    for proposal, problem in decided.refused[:5]:
        flash(gettext("%(field)s: %(reason)s", field=proposal.field.label, reason=problem.say(gettext)), "error")
    if not n and not decided.over and not decided.refused:
        flash(gettext("Nothing was changed."), "info")


def waiting_words(n_clients: int) -> str:
    """The sentence of the badge."""
    return ngettext("%(num)d client waits for your yes", "%(num)d clients wait for your yes", n_clients)


def register(admin: Admin) -> None:
    """Add the queue to the back office."""
    admin.add_view(ProposalPages(name="Proposed changes", endpoint="proposals", url="proposals"))
