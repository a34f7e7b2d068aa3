"""P10: both faces can be put on a phone's home screen; what is kept there is of nobody."""

import json
import re

import pytest
from PIL import Image

from foundation.db import db
from models import Setting
from ui_kit.static_files import STATIC, static_url

pytestmark = pytest.mark.covers("P10")
FACES = ("/staff/", "/portal/")


@pytest.mark.parametrize("face", FACES)
def test_the_manifest_is_one_that_browsers_install(sqlite_app, http, face):
    db.session.merge(Setting(key="business.name", value="Paws & Co"))
    db.session.commit()
    answer = http().get(f"{face}manifest.webmanifest")
    assert answer.mimetype == "application/manifest+json"
    facts = answer.get_json(force=True)
    assert facts["name"].startswith("Paws & Co")
    assert (facts["scope"], facts["display"]) == (face, "standalone")
    assert facts["start_url"].startswith(face)
    sizes = {(icon["sizes"], icon["purpose"]) for icon in facts["icons"]}
    assert sizes == {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")}
    for icon in facts["icons"]:
        with Image.open(STATIC / icon["src"].rpartition("/")[2]) as picture:
            assert f"{picture.width}x{picture.height}" == icon["sizes"]


@pytest.mark.parametrize("face", FACES)
def test_the_worker_keeps_files_of_the_shell_and_the_offline_page_alone(app, http, face):
    browser = http()
    answer = browser.get(f"{face}sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"
    about = re.search(r"const ABOUT = (\{.*\});", answer.text).group(1)
    facts = json.loads(about)
    assert facts["offline"] == f"{face}offline"
    prefix = static_url("")
    assert all(path.startswith(prefix) and browser.get(path).status_code == 200 for path in facts["keep"])


@pytest.mark.parametrize("face", FACES)
def test_the_offline_page_is_the_same_for_everybody(cast, http, sign_in_as_staff, sign_in_as_client, face):
    sign_in, who = (sign_in_as_staff, cast.sam) if face == "/staff/" else (sign_in_as_client, cast.alice)
    inside = sign_in(http(), who).get(f"{face}offline")
    outside = http().get(f"{face}offline")
    assert inside.status_code == outside.status_code == 200
    assert inside.text == outside.text
    assert "csrf-token" not in outside.text


def test_every_page_of_a_face_names_its_manifest_and_worker(cast, http, sign_in_as_staff, sign_in_as_client):
    for page in (
        sign_in_as_staff(http(), cast.sam).get("/staff/"),
        sign_in_as_client(http(), cast.alice).get("/portal/account"),
    ):
        face = page.request.path.split("/")[1]
        assert f'<link rel="manifest" href="/{face}/manifest.webmanifest">' in page.text
        assert f'<meta name="worker" content="/{face}/sw.js">' in page.text
