"""The back office: Flask-Admin as an adapter over the workflows, in our own theme.

`base` holds what every list has in common; the lists stand in `people`, `animals`, `team`, `catalogue`, `closings`,
`bookings`, `change_list` and `records`; `home`, `requests`, `changes`, `schedule`, `client_page`, `visits_page` and `stored_files` are pages of their own, and
`frame` is the menu around all of them.
"""

from babel.numbers import get_currency_symbol
from flask import Flask, abort, request
from flask_admin import Admin
from flask_babel import get_locale

from admin_site import (
    account,
    agreements,
    alert_list,
    animals,
    archive_page,
    billing_account,
    billing_attempts,
    billing_attention,
    billing_gateway,
    billing_invoice,
    billing_lists,
    billing_note,
    billing_payment,
    billing_records,
    billing_run,
    board,
    bookings,
    catalogue,
    change_list,
    changes,
    client_data,
    client_page,
    client_sitters,
    closings,
    connections,
    field_data,
    field_designer,
    field_lists,
    field_parts,
    first_steps,
    frame,
    global_search,
    help_pages,
    history,
    home,
    imports,
    invitation_orders,
    keys,
    left_visits,
    letters,
    list_columns,
    list_edits,
    made_up,
    mail_refusals,
    mail_texts,
    mailings,
    merging,
    moves,
    opening_hours,
    operations,
    orders,
    pay,
    pay_lines,
    pay_statements,
    payment_lists,
    people,
    policy,
    prices,
    proposals,
    records,
    registrations,
    repeat_pages,
    repeats,
    report_cards,
    reports,
    requests,
    roles,
    saved_views,
    schedule,
    sitter_messages,
    staff_access,
    staff_mails,
    stored_files,
    team,
    time_off,
    vaccinations,
    vet_proposals,
    visits_page,
)
from admin_site.theme import OfficeTheme
from foundation import money
from sign_in.guard import local_path

#: each has `register(admin)`, which adds its views
_MODULES = (
    people,
    animals,
    vaccinations,
    vet_proposals,
    keys,
    team,
    time_off,
    sitter_messages,
    catalogue,
    prices,
    closings,
    opening_hours,
    policy,
    field_designer,
    field_data,
    field_lists,
    field_parts,
    first_steps,
    proposals,
    bookings,
    change_list,
    billing_records,
    payment_lists,
    billing_attempts,
    billing_run,
    billing_lists,
    billing_invoice,
    billing_payment,
    billing_note,
    billing_account,
    billing_attention,
    billing_gateway,
    pay,
    pay_lines,
    pay_statements,
    agreements,
    imports,
    records,
    mail_refusals,
    mail_texts,
    alert_list,
    history,
    repeats,
    repeat_pages,
    report_cards,
    reports,
    requests,
    changes,
    schedule,
    client_page,
    client_data,
    archive_page,
    made_up,
    operations,
    connections,
    client_sitters,
    left_visits,
    letters,
    visits_page,
    moves,
    board,
    orders,
    invitation_orders,
    mailings,
    merging,
    registrations,
    roles,
    staff_access,
    staff_mails,
    stored_files,
    global_search,
    saved_views,
    list_columns,
    list_edits,
)


def install(app: Flask) -> Admin:
    """The Admin object with every view of the back office; `settings_ui` adds its own to it."""
    app.jinja_env.globals["currency_sign"] = currency_sign
    _guard_return_addresses(app)
    admin = Admin(app, name="Latchkey", theme=OfficeTheme(), index_view=home.index_view())
    frame.install(app)
    account.install(app)
    help_pages.install(app)
    for module in _MODULES:
        module.register(admin)
    return admin


def _guard_return_addresses(app: Flask) -> None:
    """Flask-Admin's own check of `url=` lets `http:evil.com` through, and a backslash before an @: 400 for both."""

    @app.before_request
    def _check() -> None:
        if request.path.startswith("/admin") and any(
            u and local_path(u) is None for u in request.values.getlist("url")
        ):
            abort(400)


def currency_sign() -> str:
    """The sign of the business's currency, as the reader's language writes it."""
    return get_currency_symbol(money.currency(), get_locale() or "en")
