"""The client portal: Flask blueprints over the workflows, one file per page group; `frame` is what all pages share.

Who may come in at all is decided by `sign_in.guard`; which functions are on, by the groups' switches in `frame`.
"""

from flask import Flask

from client_portal import (
    account,
    agreements,
    asking,
    calendar,
    changing,
    contacts,
    data_pages,
    files,
    following,
    health,
    help_pages,
    home,
    installing,
    invoices,
    letters,
    methods,
    my_requests,
    own_pets,
    paying,
    payments,
    reports,
    requesting,
    schedule,
    settings_pages,
    unsubscribing,
    visits,
)
from client_portal.urls import DayConverter, PublicIdConverter

__all__ = ["install"]


def install(app: Flask) -> None:
    """The portal's pages, under /portal."""
    app.url_map.converters["public_id"] = PublicIdConverter
    app.url_map.converters["day"] = DayConverter
    groups = (
        home.pages, installing.pages, account.pages, paying.pages, methods.pages, invoices.pages, payments.pages, schedule.pages, requesting.pages, my_requests.pages, my_requests.cancelling, calendar.pages,
        calendar.feeds, visits.pages, visits.cancelling, changing.pages, following.pages, asking.withdrawing, asking.messages,
        asking.series, agreements.pages, health.pages, health.amending, health.choosing, data_pages.pages, data_pages.amending, own_pets.pages, own_pets.adding,
        own_pets.leaving,
        settings_pages.pages, files.pages, files.sending, files.taking, files.small, letters.pages, reports.pages, contacts.pages, contacts.changing,
        help_pages.pages,
    )  # fmt: skip
    agreements.stand_before_the_portal(app)
    unsubscribing.install(app)
    for group in groups:
        app.register_blueprint(group)
