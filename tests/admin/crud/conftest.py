"""Olivia (owner) and Max (manager) at their desks."""

import pytest

from tests.admin.crud.desk import Desk


@pytest.fixture
def office(http, cast, sign_in_as_staff) -> Desk:
    """Olivia's desk; the whole cast is there."""
    return Desk(sign_in_as_staff(http(), cast.olivia))


@pytest.fixture
def managers(http, cast, sign_in_as_staff) -> Desk:
    """Max's desk."""
    return Desk(sign_in_as_staff(http(), cast.max))


@pytest.fixture
def lists(app) -> dict:
    """Every list of the back office by its endpoint."""
    from admin_site.base import OfficeList

    return {v.endpoint: v for v in app.extensions["admin"][0]._views if isinstance(v, OfficeList)}
