"""The guide's examples do what it says: each curl line of the chapter is sent, in its order."""

import re
import shlex

from sqlalchemy import select

from models import Client
from ui_kit import guide

CHAPTER = guide.HOME / "owner" / "connect-programs.md"


def commands():
    """The arguments of each curl in the chapter, with $NAMES left in."""
    blocks = re.findall(r"```bash\n(.*?)```", CHAPTER.read_text("utf-8"), re.DOTALL)
    return [block for block in blocks if block.startswith("curl ")]


def test_every_curl_line_of_the_chapter_works(office, on, http, db_session):
    names = {
        "TOKEN": office.secret,
        "SERVICE": on.walk.public_id,
        "PET": on.biscuit.public_id,
        "CLIENT": on.alice.public_id,
    }
    answers = []
    assert len(commands()) == 5
    for command in commands():
        version = db_session.scalar(select(Client.version).where(Client.public_id == names["CLIENT"]))
        line = command
        for name, value in {**names, "VERSION": str(version)}.items():
            line = line.replace(f"${name}", value)
        words = shlex.split(line.replace("\\\n", " "))[1:]
        method, body, headers, address = "", None, {}, ""
        while words:
            word = words.pop(0)
            if word == "-X":
                method = words.pop(0)
            elif word == "-H":
                key, _colon, value = words.pop(0).partition(": ")
                headers[key] = value
            elif word == "-d":
                body = words.pop(0)
            else:
                address = word
        path = address.removeprefix("https://latchkey.example")
        answers.append(http().open(path, method=method or ("POST" if body else "GET"), headers=headers, data=body))
    assert [a.status_code for a in answers] == [200, 200, 201, 200, 201]
    visits, clients, added, changed, requested = (a.json for a in answers)
    assert [v["id"] for v in visits["data"]] == [on.bobs_job.public_id]
    assert (len(clients["data"]), clients["next_cursor"] is None) == (1, False)
    assert (added["email"], changed["city"], requested["is_waiting"]) == ("nina@example.com", "Boston", True)


def test_the_chapter_says_what_the_program_does(office):
    text = CHAPTER.read_text("utf-8")
    assert "300 calls" in " ".join(text.split())
    assert "/api/v1/openapi.json" in text
