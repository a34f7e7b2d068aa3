"""The words of every mail, edited by the office: the list, the editor with its preview, tests, versions, and the way back.

The preview is the answer to a post that loads in a frame: nothing of the draft is stored for it, and the frame's own
policy lets nothing in it run or load. So it works without JavaScript too, by its button.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape
from werkzeug.wrappers import Response
from wtforms import HiddenField, StringField, TextAreaField

from admin_site import texts
from admin_site.fields import OfficeForm
from admin_site.pages import Answer, WorkPage, page, refuse
from admin_site.reading import read_id
from foundation.db import db
from mailer import own_words
from mailer.kinds import CATEGORY_LABELS, KINDS, Category
from models import MailTemplateVersion, OutboxMail
from workflows import mail_texts, once
from workflows.actors import Actor
from workflows.errors import Conflict, Invalid, WorkflowError
from workflows.mail_codes import (
    EDITABLE_KINDS,
    GENERAL,
    OFFICE_LINKS,
    PORTAL_LINKS,
    SITTER_LINKS,
    Code,
    Shape,
    codes_of,
)
from workflows.mail_facts import MailKind
from workflows.permissions import Permission

#: as for mails in the outbox: no scripts, no requests, no way out
FRAME_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
_TYPED_MOST = 40


@dataclass(frozen=True)
class Row:
    """A mail in the list."""

    label: str
    url: str
    chip: tuple[str, str]
    sub: str


class WordsForm(OfficeForm):
    """What is sent."""

    subject = StringField(_l("Subject"))
    body = TextAreaField(_l("Text"))
    seen = HiddenField()
    form_key = HiddenField()


class MailTextsPage(WorkPage):
    """All mails and the editor of each."""

    permission = Permission.TEMPLATES

    @expose("/")
    def index(self) -> Answer:
        """Every mail by subject, with a search, and those that were changed or are broken."""
        typed = " ".join(request.args.get("search", "").split())[:_TYPED_MOST]
        show = request.args.get("show", "")
        edited = mail_texts.all_edited()
        wanted = [k for k in EDITABLE_KINDS if _fits(k, typed) and (not show or _is(show, edited.get(k.value)))]
        groups = [
            (gettext(CATEGORY_LABELS[c]), [_row(k, edited.get(k.value)) for k in wanted if KINDS[k].category is c])
            for c in Category
        ]
        n_broken = sum(1 for template, _version in edited.values() if template.broken_at)
        return page(
            "mail_texts.html", groups=[g for g in groups if g[1]], search=typed, show=show, n_changed=len(edited),
            n_broken=n_broken, n_all=len(EDITABLE_KINDS),
        )  # fmt: skip

    @expose("/<kind>/", methods=("GET", "POST"))
    def edit(self, kind: str) -> Answer:
        """The words in use, or the draft with what is wrong with it."""
        which = _kind(kind)
        if request.method == "GET":
            return self._editor(which, mail_texts.edited(which))
        form = WordsForm(request.form)
        try:
            once.claim(form.form_key.data)
            self._must_render(which, form)
            made = mail_texts.save(
                which, form.subject.data or "", form.body.data or "", seen=_seen(form), actor=self.actor
            )
            db.session.commit()
        except WorkflowError as problem:
            return self._refused(which, form, problem)
        flash(
            gettext("Saved. The next mail has these words.") if made else gettext("Nothing was changed."),
            "success" if made else "info",
        )
        return redirect(url_for(".edit", kind=kind), 303)

    @expose("/<kind>/test", methods=("POST",))
    def test(self, kind: str) -> Answer:
        """Send the draft to whoever asks; the page stays as it is."""
        which = _kind(kind)
        form = WordsForm(request.form)
        try:
            once.claim(form.form_key.data)
            self._must_render(which, form)
            mail = mail_texts.send_test(which, form.subject.data or "", form.body.data or "", actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            return self._refused(which, form, problem)
        flash(gettext("A test is on its way to %(address)s.", address=mail.to_address), "success")
        return self._editor(which, mail_texts.edited(which), form)

    @expose("/<kind>/preview", methods=("GET", "POST"))
    def preview(self, kind: str) -> Response:
        """What the draft (or on GET what is in use) looks like, for the frame."""
        which = _kind(kind)
        asked = request.form if request.method == "POST" else request.args
        if request.method == "POST":
            words = mail_texts.Words(asked.get("subject", ""), asked.get("body", ""))
        else:
            words = mail_texts.edited(which).words or own_words.default_words(which)
        mail = _real_mail(which, self.actor) if asked.get("data") == "real" else None
        try:
            made = own_words.preview(which, words.subject, words.body, mail)
        except Exception as problem:  # noqa: BLE001 -- a draft may be anything; the frame says so
            return framed(not_yet(which, words, problem))
        if asked.get("layer") == "text":
            return framed(f"{made.subject}\n\n{made.text}", "text/plain")
        return framed(made.html)

    @expose("/<kind>/versions/<int:number>/")
    def version(self, kind: str, number: int) -> Answer:
        """Words as they were."""
        which = _kind(kind)
        now = mail_texts.edited(which)
        found = _version(now, number)
        return page("mail_text_version.html", label=KINDS[which].label, kind=kind, version=found, now=now, form_key=once.new_key())  # fmt: skip

    @expose("/<kind>/again", methods=("POST",))
    def again(self, kind: str) -> Response:
        """Go back to an older version."""
        which = _kind(kind)
        number = read_id(request.form.get("number")) or 0
        return self._press(which, lambda seen: mail_texts.use_again(which, number, seen=seen, actor=self.actor), gettext("The older words are in use again, as a new version."))  # fmt: skip

    @expose("/<kind>/reset", methods=("POST",))
    def reset(self, kind: str) -> Response:
        """Go back to the words that came with Latchkey."""
        which = _kind(kind)
        return self._press(which, lambda seen: mail_texts.reset(which, seen=seen, actor=self.actor), gettext("The mail is sent as it came with Latchkey again. Your versions are kept."))  # fmt: skip

    # ----------------------------------------------------------------------------------------------------- parts

    def _press(self, which: MailKind, work: Any, said: str) -> Response:
        try:
            once.claim(request.form.get("form_key"))
            done = work(read_id(request.form.get("seen")) or 0)
            db.session.commit()
        except mail_texts.NotUsable as problem:
            db.session.rollback()
            flash(gettext("This version cannot be used any more: %(why)s", why=problem.say(gettext)), "error")
        except WorkflowError as problem:
            refuse(problem)
        else:
            flash(said if done else gettext("Nothing was changed."), "success" if done else "info")
        return redirect(url_for(".edit", kind=which.value), 303)

    def _must_render(self, which: MailKind, form: WordsForm) -> None:
        """Words that pass the checks but cannot be drawn are refused too; those that do not pass are told of by them."""
        words = mail_texts.Words(form.subject.data or "", form.body.data or "")
        if not mail_texts.is_usable(which, words):
            return
        if (why := own_words.try_out(which, words)) and "nothing is left" not in why:
            raise Invalid("not_drawn", "%(why)s", field="body", why=why)

    def _refused(self, which: MailKind, form: WordsForm, problem: WorkflowError) -> Answer:
        """The draft as it was typed, and why it was not taken; after a collision with what is in use now beside it."""
        db.session.rollback()
        if problem.code == "sent_twice":
            flash(problem.say(gettext), "info")
            return redirect(url_for(".edit", kind=which.value), 303)
        form.add_problem(problem)
        now = mail_texts.edited(which)
        collided = isinstance(problem, Conflict)
        answer = self._editor(which, now, form, theirs=now if collided else None)
        return answer[0], 409 if collided else 422

    def _editor(
        self, which: MailKind, now: mail_texts.Edited, form: WordsForm | None = None, theirs: mail_texts.Edited | None = None
    ) -> tuple[str, int]:  # fmt: skip
        words = now.words or own_words.default_words(which)
        is_draft = form is not None
        if form is None:
            form = WordsForm(None, data={"subject": words.subject, "body": words.body, "seen": str(now.seen)})
        elif theirs is not None:
            form.seen.data = form.seen.raw_data = None
            form.seen.process(None, str(now.seen))
        form.form_key.process(None, once.new_key())
        versions: Sequence[MailTemplateVersion] = now.template.versions[::-1] if now.template else ()
        return page(
            "mail_text.html", form=form, kind=which.value, label=KINDS[which].label, category=KINDS[which].category_label, now=now,
            versions=versions, theirs=theirs, groups=code_groups(which), is_draft=is_draft, came=own_words.default_words(which),
            real=_real_mail(which, self.actor), moment=texts.moment_words, reset_key=once.new_key(),
        )  # fmt: skip


def _kind(text: str) -> MailKind:
    """The mail that the address names, or 404."""
    found = next((k for k in EDITABLE_KINDS if k.value == text), None)
    return found if found is not None else abort(404)


def _version(now: mail_texts.Edited, number: int) -> MailTemplateVersion:
    versions = now.template.versions if now.template else []
    return next((v for v in versions if v.number == number), None) or abort(404)


def _seen(form: WordsForm) -> int:
    return read_id(form.seen.data) or 0


def _fits(kind: MailKind, typed: str) -> bool:
    told = f"{KINDS[kind].label} {KINDS[kind].category_label}".casefold()
    return all(word in told for word in typed.casefold().split())


def _is(show: str, found: tuple[Any, Any] | None) -> bool:
    return found is not None and (show != "broken" or found[0].broken_at is not None)


def _row(kind: MailKind, found: tuple[Any, Any] | None) -> Row:
    url = url_for("mail_texts.edit", kind=kind.value)
    if found is None:
        return Row(KINDS[kind].label, url, ("mute", gettext("As it came")), "")
    template, version = found
    when = texts.moment_words(version.saved_at)
    sub = gettext("%(when)s, %(who)s", when=when, who=version.saved_by_name or gettext("Latchkey"))
    if template.broken_at is not None:
        return Row(KINDS[kind].label, url, ("danger", gettext("Cannot be used")), sub)
    return Row(KINDS[kind].label, url, ("ok", gettext("Your words")), sub)


def _real_mail(kind: MailKind, actor: Actor) -> OutboxMail | None:
    """The last real mail of this kind, for those who may read it where it is kept."""
    needed = {Permission.RECORDS}
    if KINDS[kind].category is Category.MONEY or kind is MailKind.DISPUTE_OPENED:
        needed.add(Permission.BILLING)
    if kind is MailKind.PAY_STATEMENT:
        needed.add(Permission.PAY)
    return mail_texts.last_sent(kind) if all(actor.may(p) for p in needed) else None


def code_groups(kind: MailKind) -> list[tuple[str, list[tuple[Code, str]]]]:
    """The codes of a kind under headings, each with what its button inserts."""
    general = {c.name for c in (*GENERAL, *PORTAL_LINKS, *SITTER_LINKS, *OFFICE_LINKS)}
    codes = list(codes_of(kind).values())
    groups = (
        (gettext("Of this mail"), [c for c in codes if c.name not in general and c.shape is not Shape.CONDITION]),
        (gettext("Only if"), [c for c in codes if c.shape is Shape.CONDITION]),
        (gettext("Your business"), [c for c in codes if c.name in general and c.shape is Shape.WORDS]),
        (gettext("Pages"), [c for c in codes if c.name in general and c.shape is Shape.LINK]),
    )
    return [(title, [(c, _inserted(c)) for c in found]) for title, found in groups if found]


def _inserted(code: Code) -> str:
    if code.shape is Shape.CONDITION:
        return f"{{IF {code.name}}}{gettext('…')}{{END}}"
    return f"{{{code.name}}}"


def not_yet(kind: MailKind, words: mail_texts.Words, problem: Exception) -> str:
    """A small page that says why there is no preview."""
    found = [p.say(gettext) for p in mail_texts.objections(kind, words)] or [str(problem)]
    lines = Markup("").join(Markup("<li>{}</li>").format(line) for line in found)
    title = gettext("This cannot be shown yet.")
    return str(
        Markup("<!doctype html><html lang='en'><title>{0}</title><style>body{{font:16px/1.5 sans-serif;margin:24px;color:#14211c;background:#fff}}</style><p><strong>{0}</strong></p><ul>{1}</ul>").format(escape(title), lines)
    )  # fmt: skip


def framed(text: str, mimetype: str = "text/html") -> Response:
    """A rendered mail for the frame of a preview."""
    return Response(
        text, mimetype=mimetype,
        headers={"Content-Security-Policy": FRAME_POLICY, "X-Frame-Options": "SAMEORIGIN", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )  # fmt: skip


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(MailTextsPage(name="Mail templates", endpoint="mail_texts", url="mail-templates"))
