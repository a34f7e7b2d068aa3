"""Programs that tests start beside themselves, to race with each other or to be killed: `python -m tests.mails.programs`.

They make a small app of their own: what the mailer needs, without the faces. Settings come as JSON on the command line.
"""

import datetime as dt
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from flask import Flask

from application import tasks
from foundation.db import db, prepare_engine
from foundation.extensions import babel, mail
from mailer import deliver
from workflows import settings


def make_app(config: dict[str, Any]) -> Flask:
    """An app with database, mail and tasks."""
    app = Flask("latchkey")
    app.config.update(
        {
            "SECRET_KEY": "x" * 40, "PUBLIC_URL": "http://127.0.0.1:8000", "MAIL_DEFAULT_SENDER": "post@maple.example",
            **config,
        }
    )  # fmt: skip
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    mail.init_app(app)
    babel.init_app(app, locale_selector=lambda: settings.read()["business.locale"])
    tasks.install(app)
    return app


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def work(app: Flask, *, lease_seconds: float, processes: int) -> None:
    """`flask worker`, with a lease that a test can wait for."""
    deliver.LEASE, deliver.MARGIN = dt.timedelta(seconds=lease_seconds), dt.timedelta(seconds=lease_seconds / 5)
    _say("ready")
    tasks.worker.run_worker(app, workers=processes)
    _say("ended")


def claim_all(app: Flask, *, gate: str, racers: int) -> None:
    """Claim until nothing is left, once the gate is there; print the ids.

    After the first claim each waits until all have one: on a busy machine the first could be through before the last begins.
    """
    _say("ready")
    while not Path(gate).exists():
        pass
    claimed = []
    with app.app_context():
        while mails := deliver.claim(str(os.getpid())):
            claimed += [m.id for m in mails]
            Path(f"{gate}-{os.getpid()}").touch()
            deadline = time.monotonic() + 60
            while len(list(Path(gate).parent.glob(f"{Path(gate).name}-*"))) < racers and time.monotonic() < deadline:
                time.sleep(0.001)
    _say(json.dumps(claimed))


if __name__ == "__main__":
    what, config, options = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
    {"work": work, "claim_all": claim_all}[what](make_app(config), **options)
