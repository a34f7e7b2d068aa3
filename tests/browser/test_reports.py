"""Reports in a real browser: figures, chart and file, on the desk and on the phone."""

import re
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from foundation import clock
from foundation.db import db, mark_request
from tests.workflows.pay.earned import done


@pytest.mark.covers("S7")
def test_from_the_index_to_the_file(live, visitor):
    db.session.rollback()
    mark_request(reads_only=False)
    done(live.cast.alice, live.cast.sam, item=live.cast.walk, price=Decimal(24), on_date=clock.today())
    done(live.cast.bob, live.cast.sita, item=live.cast.cat_visit, price=Decimal(15), on_date=clock.today())
    db.session.commit()
    mark_request(reads_only=True)
    olivia = visitor().log_in("office", live.cast.olivia.login.email)
    page = olivia.go("/admin/reports/")
    olivia.look()
    page.get_by_role("link", name=re.compile("^Revenue by visit")).click()
    page.get_by_label("By", exact=True).select_option("Service")
    page.get_by_label("Compare with").select_option("The period before")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row", name=re.compile("Cat visit"))).to_contain_text("$15.00")
    olivia.look()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as file", exact=True).click()
    assert "Cat visit,15.00" in saved.value.path().read_text("utf-8")
    on_the_phone = visitor("phone", scheme="dark").log_in("office", live.cast.olivia.login.email)
    page = on_the_phone.go("/admin/reports/busiest/")
    expect(page.get_by_role("rowheader", name=f"{clock.today():%A}")).to_be_visible()
    on_the_phone.look()
