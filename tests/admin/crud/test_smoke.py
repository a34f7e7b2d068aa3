import pytest
from tests import factories as make


def test_all(office, lists, cast):
    make.time_off(cast.sam)
    make.vet()
    make.client_contact(cast.alice)
    make.public_holiday()
    make.closed_day()
    make.notification(client=cast.alice)
    make.outbox_mail()
    make.activity_line()
    for name, view in lists.items():
        page = office.open(view.url + "/")
        print(name, len(page.data))
        for p in view.pills:
            office.open(f"{view.url}/?view={p.key}")
        office.open(f"{view.url}/?panel=filters&view=all&search=a")
        from foundation.db import db
        import sqlalchemy as sa

        one = db.session.scalar(sa.select(view.model).limit(1))
        if one is None:
            print("  none of", name)
        else:
            office.open(f"{view.url}/details/?id={one.id}")
            if view.sections:
                office.open(f"{view.url}/edit/?id={one.id}")
                office.open(f"{view.url}/new/")
                office.open(f"{view.url}/delete/?id={one.id}")
        print(office.export(view.url + "/", view="all").text[:200])
