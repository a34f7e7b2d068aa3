"""Practices that clients miss in the list of vets: the office takes them in, names the one that is there, or answers."""

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from sqlalchemy.orm import joinedload

from admin_site import search, words
from admin_site.pages import Answer, WorkPage, page
from admin_site.reading import MAX_ID, read_id
from foundation.db import db
from models import ProposalState, Vet, VetProposal
from workflows import people, vets
from workflows.errors import WorkflowError, WrongState
from workflows.permissions import Permission

MOST_FOUND, MOST_DONE = 20, 30


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(VetProposalPage(name="Proposed vets", endpoint="vet_proposals", url="vet-proposals"))


class VetProposalPage(WorkPage):
    """What waits, what was decided lately, and one of them to decide on."""

    permission = Permission.CLIENTS

    @expose("/")
    def index(self) -> Answer:
        """All that wait, oldest first; below what was decided last."""
        wanted = sa.select(VetProposal).options(joinedload(VetProposal.client), joinedload(VetProposal.pet))
        waiting = db.session.scalars(
            wanted.where(VetProposal.state == ProposalState.PENDING).order_by(VetProposal.id)
        ).all()
        done = db.session.scalars(
            wanted.where(VetProposal.state != ProposalState.PENDING)
            .order_by(VetProposal.decided_at.desc(), VetProposal.id.desc())
            .limit(MOST_DONE)
        ).all()
        return page("vet_proposals.html", waiting=waiting, done=done, word=words.word)

    @expose("/<int:proposal_id>/", methods=("GET", "POST"))
    def decide(self, proposal_id: int) -> Answer:
        """One of them: its data to be corrected, vets that look alike, and a word to the client."""
        proposal = vets.proposal_for_office(proposal_id) if proposal_id <= MAX_ID else None
        if proposal is None:
            abort(404)
        if request.method == "GET":
            return self._show(proposal)
        try:
            said = self._do(proposal)
            db.session.commit()
        except WrongState as problem:
            db.session.rollback()
            flash(problem.say(gettext), "error")
            return redirect(url_for(".index"))
        except WorkflowError as problem:
            db.session.rollback()
            fresh = vets.proposal_for_office(proposal_id) or abort(404)
            return self._show(fresh, 422, problem=problem)
        flash(said, "success")
        return redirect(url_for(".index"))

    def _do(self, proposal: VetProposal) -> str:
        answer, what = request.form.get("answer", ""), request.form.get("do")
        if what == "accept":
            values = {name: request.form.get(name, "") for name in ("name", "phone", "address")}
            vet = vets.accept(proposal, values, actor=self.actor, answer=answer)
            return gettext("%(name)s is in the list now. The client is told.", name=vet.name)
        if what == "decline":
            vets.decline(proposal, answer, actor=self.actor)
            return gettext("The client is told why.")
        named = read_id(request.form.get("vet")) if what == "merge" else None
        there = db.session.get(Vet, named) if named else None
        if there is None:
            abort(404)
        vets.merge(proposal, there, actor=self.actor, answer=answer)
        return gettext("It is %(name)s. The client is told.", name=there.name)

    def _show(self, proposal: VetProposal, status: int = 200, *, problem: WorkflowError | None = None) -> Answer:
        typed = search.tidy(request.args.get("search"))
        asked = typed or proposal.name
        statement = sa.select(Vet).where(Vet.is_active.is_(True), search.vets(asked))
        alike = db.session.scalars(statement.order_by(Vet.name, Vet.id).limit(MOST_FOUND)).all()
        return page(
            "vet_proposal.html", status, proposal=proposal, alike=alike, search=typed, form=request.form,
            problem=problem.say(gettext) if problem else "", field=problem.field if problem else "",
            show_phone=lambda number: people.show_phone(number, region=people.region()),
        )  # fmt: skip
