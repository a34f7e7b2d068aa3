"""S7: the guide in the program. Who reads which part, where "Help" leads, and that pictures are kept by browsers."""

import pytest

from ui_kit import guide


@pytest.mark.covers("S7")
def test_clients_read_their_part_sitters_theirs_and_the_office_all(http, cast, sign_in_as_staff, sign_in_as_client):
    client, sitter = sign_in_as_client(http(), cast.alice), sign_in_as_staff(http(), cast.sam)
    office = sign_in_as_staff(http(), cast.max)
    for visitor, base, shown in (
        (client, "/portal/help/", {"client"}), (sitter, "/staff/help/", {"sitter"}), (office, "/admin/help/", set(guide.PARTS)),
    ):  # fmt: skip
        index = visitor.get(base)
        assert index.status_code == 200
        for _heading, chapters in guide.contents():
            for chapter in chapters:
                url = f"{base}{chapter.part}/{chapter.name}"
                assert (url in index.text) is (chapter.part in shown), url
        for part in guide.PARTS:
            chapter = next(chapters[0] for _heading, chapters in guide.contents() if chapters[0].part == part)
            answer = visitor.get(f"{base}{part}/{chapter.name}")
            assert answer.status_code == (200 if part in shown else 404), (base, part)
            assert (chapter.title in answer.text) is (part in shown)
        for nothing in ("client/nothing", "pictures/nothing.webp", "pictures/..%2fREADME.md", "client/..%2fREADME"):
            assert visitor.get(base + nothing).status_code == 404, nothing


@pytest.mark.covers("S7")
def test_help_leads_to_the_chapter_about_the_page(http, cast, sign_in_as_staff, sign_in_as_client):
    client, sitter = sign_in_as_client(http(), cast.alice), sign_in_as_staff(http(), cast.sam)
    office = sign_in_as_staff(http(), cast.olivia)
    for visitor, page, chapter in (
        (client, "/portal/request", "/portal/help/client/request-visits"),
        (client, "/portal/settings/password", "/portal/help/client/settings"),
        (sitter, "/staff/keys", "/staff/help/sitter/keys"),
        (office, "/admin/", "/admin/help/owner/home"),
        (office, "/admin/keys/", "/admin/help/owner/keys"),
        (office, f"/admin/client/{cast.alice.id}/", "/admin/help/owner/clients-and-pets"),
        (office, "/admin/holidays/", "/admin/help/owner/opening-hours-and-limits"),
        (office, "/admin/credit-notes/", "/admin/help/owner/credit-and-packages"),
        (office, "/admin/settings/portal", "/admin/help/owner/portal-settings"),
        (office, "/admin/settings/business", "/admin/help/owner/first-day"),
        (office, "/admin/search/keys", "/admin/help/owner/finding-things"),
    ):
        assert f'href="{chapter}"' in visitor.get(page).text, page
        assert visitor.get(chapter).status_code == 200


def test_a_picture_is_shown_to_who_reads_its_chapter_and_kept_a_day(http, cast, sign_in_as_staff, sign_in_as_client):
    client, office = sign_in_as_client(http(), cast.alice), sign_in_as_staff(http(), cast.max)
    shown = client.get("/portal/help/pictures/portal-request.webp")
    assert (shown.status_code, shown.mimetype, shown.headers["Cache-Control"]) == (
        200,
        "image/webp",
        guide.KEEP_PICTURES,
    )
    assert shown.data[8:12] == b"WEBP"
    again = client.get("/portal/help/pictures/portal-request.webp", headers={"If-None-Match": shown.headers["ETag"]})
    assert again.status_code == 304
    assert client.get("/portal/help/pictures/office-home.webp").status_code == 404
    assert office.get("/admin/help/pictures/office-home.webp").status_code == 200
