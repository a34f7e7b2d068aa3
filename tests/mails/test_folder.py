"""Mail without a server: files in a folder, the same states, and the pages on which they are read."""

import re
import stat

import pytest

from application import create_app, dev_mails
from application.config import ConfigError
from foundation import clock, sealing
from foundation.db import db
from mailer import folder
from models import MailState, OutboxMail
from workflows.mail_facts import MailKind, SetPassword

pytestmark = pytest.mark.usefixtures("business")
LINK = SetPassword("Alice", "client", 5, 2, "forgotten", "4417209318")


@pytest.fixture(autouse=True)
def _own_folder(app, tmp_path, monkeypatch):
    monkeypatch.setitem(app.config, "DATA_DIR", str(tmp_path))


def test_without_a_server_mails_become_files_that_only_we_can_read(app, queue, drain, tmp_path):
    mail = queue(cc=["kim@example.com"])
    assert drain() == 1
    (path,) = (tmp_path / "outbox").iterdir()
    assert path.name == f"20261123T150000.000000Z-visits_booked-{mail.id}.eml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    row = db.session.get(OutboxMail, mail.id)
    assert (row.state, row.sent_at) == (MailState.SENT, clock.now())
    read = folder.read(path.parent, path.stem)
    assert (read.kind, read.to, read.cc, read.at) == (
        "visits_booked",
        "alice@example.com",
        "kim@example.com",
        clock.now(),
    )
    assert (read.subject, read.text.splitlines(), read.html.splitlines()) == (
        row.subject, row.body_text.splitlines(), row.body_html.splitlines(),
    )  # fmt: skip
    assert mail.message_id in path.read_text("utf-8")


def test_a_folder_that_cannot_be_written_keeps_the_mails_waiting(queue, drain, tmp_path):
    (tmp_path / "outbox").write_text("in the way")
    mail = queue()
    assert drain() == 0
    row = db.session.get(OutboxMail, mail.id)
    assert (row.state, row.attempts) == (MailState.QUEUED, 0)
    assert row.last_error.startswith("FileExistsError")


def test_the_newest_come_first_and_nothing_else_is_a_mail(queue, drain, tmp_path, clock_at):
    first = queue()
    drain()
    clock_at("2026-11-23 11:00")
    second = queue(MailKind.SITTER_SCHEDULE)
    drain()
    (tmp_path / "outbox" / "notes.eml").write_text("x")
    assert [n.rpartition("-")[2] for n in folder.names(tmp_path / "outbox")] == [str(second.id), str(first.id)]
    assert folder.names(tmp_path / "nowhere") == []


@pytest.mark.parametrize("name", ["notes", "../secret_key", "", "20261123T150000.000000Z-visits_booked-999", "a/b"])
def test_no_other_file_can_be_read(tmp_path, name):
    (tmp_path / "outbox").mkdir()
    (tmp_path / "outbox" / "notes.eml").write_text("x")
    (tmp_path / "secret_key.eml").write_text("x")
    assert folder.read(tmp_path / "outbox", name) is None


# ---------------------------------------------------------------------------------------------------------- pages


def test_the_pages_exist_only_in_development_and_without_a_server(app, tmp_path):
    keys = app.config["FIELD_KEYS"]

    def rules(**config):
        made = create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path / 'x.db'}", "DATA_DIR": str(tmp_path), "SECRET_KEY": "x" * 40, **config})  # fmt: skip
        return sorted(r.rule for r in made.url_map.iter_rules() if r.rule.startswith("/dev"))

    assert rules() == ["/dev/mails/", "/dev/mails/<name>", "/dev/mails/<name>/html"]
    in_earnest = {"ENV_NAME": "production", "PUBLIC_URL": "https://portal.example.com"}
    assert rules(**in_earnest, FIELD_KEYS=sealing.new_key()) == []
    with pytest.raises(ConfigError, match="FIELD_KEYS"):
        rules(**in_earnest)
    sealing.use_keys(keys)
    assert rules(MAIL_SERVER="127.0.0.1") == []


def test_the_list_is_for_staff_who_may_see_the_outbox(cast, http, sign_in_as_staff, sign_in_as_client, queue, drain):
    queue()
    drain()
    assert http().get("/dev/mails/").status_code == 302
    assert sign_in_as_client(http(), cast.alice).get("/dev/mails/").status_code in {302, 403}
    assert sign_in_as_staff(http(), cast.sam).get("/dev/mails/").status_code == 403
    for person in (cast.max, cast.olivia):
        page = sign_in_as_staff(http(), person).get("/dev/mails/")
        assert page.status_code == 200
        assert "Booked for you: 1 visit, Thu, Nov 26" in page.text


def test_a_mail_is_shown_with_its_links_and_its_html_in_a_shut_frame(app, cast, http, sign_in_as_staff, queue, drain):
    queue(MailKind.SET_PASSWORD, LINK)
    queue(MailKind.REQUEST_MESSAGE)
    drain()
    office = sign_in_as_staff(http(), cast.olivia)
    found = re.findall(r'href="(/dev/mails/[^"]+)"', office.get("/dev/mails/").text)
    (address,) = [x for x in found if "set_password" in x]
    page = office.get(address)
    link = re.search(r'href="(http://127\.0\.0\.1:8000/portal/set-password/[^"]+)"', page.text)[1]
    assert f'<iframe sandbox title="The mail as HTML" src="{address}/html"' in page.text
    html = office.get(f"{address}/html")
    assert link in html.text
    assert html.headers["Content-Security-Policy"] == dev_mails.MAIL_POLICY
    assert "script-src" not in dev_mails.MAIL_POLICY
    assert "default-src 'none'" in dev_mails.MAIL_POLICY
    assert html.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert html.headers["Cache-Control"] == "no-store"


def test_a_mail_that_is_not_there_is_404(cast, http, sign_in_as_staff):
    office = sign_in_as_staff(http(), cast.olivia)
    assert office.get("/dev/mails/20261123T150000.000000Z-visits_booked-999").status_code == 404
    assert office.get("/dev/mails/..%2fsecret_key/html").status_code == 404
    assert "No mails yet" in office.get("/dev/mails/").text


def test_the_command_writes_every_kind(app, tmp_path):
    done = app.test_cli_runner().invoke(dev_mails.write_examples, [])
    assert done.exit_code == 0, done.output
    written = {p.name for p in (tmp_path / "mail-previews").iterdir()}
    assert written == {f"{k}.{ending}" for k in MailKind for ending in ("html", "txt")}
    assert f"{len(MailKind)} kinds of mail are in {tmp_path / 'mail-previews'}" in done.output
