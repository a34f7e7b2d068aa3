"""The sitter's pages, phone first: own visits of the day and the days to come."""

from flask import Flask

from sitter_portal import (
    account,
    answers,
    calendar,
    clients,
    day,
    files,
    help_pages,
    keys,
    messages,
    offline,
    pay,
    report,
    time_off,
    visit,
)


def install(app: Flask) -> None:
    """Register the pages under /staff; the guard of `sign_in` lets in whoever has Permission.OWN_DAY."""
    app.register_blueprint(day.pages)
    app.register_blueprint(visit.pages)
    app.register_blueprint(clients.pages)
    app.register_blueprint(answers.pages)
    app.register_blueprint(time_off.pages)
    app.register_blueprint(messages.pages)
    app.register_blueprint(calendar.pages)
    app.register_blueprint(account.pages)
    app.register_blueprint(files.pages)
    app.register_blueprint(keys.pages)
    app.register_blueprint(pay.pages)
    app.register_blueprint(report.pages)
    app.register_blueprint(offline.pages)
    app.register_blueprint(help_pages.pages)
