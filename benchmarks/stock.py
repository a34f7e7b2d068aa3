"""Flask-Admin as it comes out of the box over the same tables: the lists to compare with."""

import os

import sqlalchemy as sa
from flask import Flask
from flask_admin import Admin  # noqa: TID251 -- the stock one, to measure against
from flask_admin.contrib.sqla import ModelView  # noqa: TID251 -- as above
from flask_babel import Babel
from sqlalchemy.orm import scoped_session, sessionmaker

from models import Client, Invoice, Job, Pet

app = Flask("stock")
app.secret_key = os.environ["SECRET_KEY"]
Babel(app)
session = scoped_session(sessionmaker(sa.create_engine(os.environ["DATABASE_URL"])))


class Clients(ModelView):
    """Every column, searched by name and address, as most people set it up."""

    column_searchable_list = ("first_name", "last_name", "email")


class Pets(ModelView):
    """Every column, searched by the name."""

    column_searchable_list = ("name",)


class Visits(ModelView):
    """Every column, searched by the client's name."""

    column_searchable_list = ("client.first_name", "client.last_name")


class Invoices(ModelView):
    """Every column, searched by number and client."""

    column_searchable_list = ("number", "client.first_name", "client.last_name")


admin = Admin(app, name="Stock")
admin.add_view(Clients(Client, session, endpoint="clients"))
admin.add_view(Pets(Pet, session, endpoint="pets"))
admin.add_view(Visits(Job, session, endpoint="visits"))
admin.add_view(Invoices(Invoice, session, endpoint="invoices"))


@app.get("/healthz")
def healthz() -> str:
    """For whoever waits for the server."""
    return "ok"


@app.teardown_appcontext
def _end(_problem: BaseException | None) -> None:
    session.remove()
