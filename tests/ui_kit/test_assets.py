"""Building static/vendor, naming the files, serving them."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

import ui_kit
from ui_kit import assets, static_files


@pytest.fixture
def node_modules(tmp_path: Path) -> Path:
    """The npm packages in miniature: every file that we copy, every icon that we name."""
    root = tmp_path / "node_modules"
    for package in assets.PACKAGES:
        folder = root / package.name
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(
            json.dumps({"version": "1.2.3", "license": package.licence, "homepage": "https://example.com"})
        )
        if package.licence_file:
            (folder / package.licence_file).write_text(f"Licence of {package.name}")
        for source in package.files.values():
            (folder / source).parent.mkdir(parents=True, exist_ok=True)
            (folder / source).write_text(f".x{{}} /*# sourceMappingURL=x.map */ {source}")
    outline = root / "@tabler/icons/icons/outline"
    outline.mkdir(parents=True)
    for name in assets.icon_names():
        (outline / f"{name}.svg").write_text(
            f'<svg\n  viewBox="0 0 24 24"\n>\n  <path stroke="none" d="M0 0h24v24H0z" fill="none" />\n  <path d="{name}" />\n</svg>\n'
        )
    return root


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_build_copies_every_file_and_names_its_hash(node_modules: Path, tmp_path: Path) -> None:
    vendor = tmp_path / "vendor"
    manifest = assets.build(node_modules, vendor)
    assert set(manifest) == {
        "htmx.min.js", "tom-select.min.js", "tom-select.css", "icons.svg", "LICENSES.md",
        "event-calendar.min.js", "event-calendar.min.css",
        "figtree-latin-wght-normal.woff2", "figtree-latin-ext-wght-normal.woff2",
        "braintree-client.js", "braintree-hosted-fields.js", "braintree-three-d-secure.js",
        "braintree-us-bank-account.js", "NotoSans-Regular.ttf", "NotoSans-Bold.ttf",
    }  # fmt: skip
    assert json.loads((vendor / "manifest.json").read_text()) == manifest
    assert {name: hashlib.sha256((vendor / name).read_bytes()).hexdigest() for name in manifest} == manifest


def test_build_again_changes_nothing_and_removes_what_is_not_ours(node_modules: Path, tmp_path: Path) -> None:
    vendor = tmp_path / "vendor"
    assets.build(node_modules, vendor)
    before = contents(vendor)
    times = {path.name: path.stat().st_mtime_ns for path in vendor.iterdir()}
    (vendor / "left-over.js").write_text("old")
    (vendor / "old-folder").mkdir()
    assets.build(node_modules, vendor)
    assert contents(vendor) == before
    assert {path.name: path.stat().st_mtime_ns for path in vendor.iterdir()} == times


def test_the_sprite_has_each_icon_and_each_animal(node_modules: Path, tmp_path: Path) -> None:
    assets.build(node_modules, tmp_path / "vendor")
    sprite = (tmp_path / "vendor/icons.svg").read_text()
    assert [name for name in assets.icon_names() if f'id="i-{name}"' not in sprite] == []
    assert [kind for kind in assets.pet_kinds() if f'id="pet-{kind}"' not in sprite] == []
    assert "M0 0h24v24H0z" not in sprite
    assert {"dog", "cat", "rabbit"} <= set(assets.pet_kinds())


def test_their_css_goes_into_the_vendor_layer(node_modules: Path, tmp_path: Path) -> None:
    assets.build(node_modules, tmp_path / "vendor")
    css = (tmp_path / "vendor/tom-select.css").read_text()
    assert css.startswith("@layer vendor {")
    assert "sourceMappingURL" not in css


def test_every_licence_is_handed_on(node_modules: Path, tmp_path: Path) -> None:
    assets.build(node_modules, tmp_path / "vendor")
    text = (tmp_path / "vendor/LICENSES.md").read_text()
    assert [p.name for p in assets.PACKAGES if f"{p.name} 1.2.3 ({p.licence})" not in text] == []
    assert [p.name for p in assets.PACKAGES if p.licence_file and f"Licence of {p.name}" not in text] == []
    assert "its package.json: MIT. Source: https://example.com" in text, "a package that ships no licence file"


def test_missing_node_modules_is_a_plain_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert assets.main(["--node-modules", str(tmp_path / "nowhere")]) == 1
    assert "npm ci --ignore-scripts" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("htmx.org/package.json", "The package htmx.org is not installed"),
        ("htmx.org/dist/htmx.min.js", "htmx.org has no file dist/htmx.min.js"),
        ("@tabler/icons/icons/outline/paw.svg", "no icon called paw"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_touched(
    node_modules: Path, tmp_path: Path, broken: str, says: str
) -> None:
    vendor = tmp_path / "vendor"
    assets.build(node_modules, vendor)
    before = contents(vendor)
    (node_modules / broken).unlink()
    with pytest.raises(assets.AssetsError, match=says):
        assets.build(node_modules, vendor)
    assert contents(vendor) == before


def test_main_builds_and_compresses(
    node_modules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vendor = tmp_path / "static/vendor"
    monkeypatch.setattr(assets, "build", lambda modules, build=assets.build: build(modules, vendor))
    monkeypatch.setattr(assets, "compress", lambda compress=assets.compress: compress(tmp_path / "static"))
    assert assets.main(["--node-modules", str(node_modules)]) == 0
    assert "15 files" in capsys.readouterr().out
    assert gzip.decompress((vendor / "htmx.min.js.gz").read_bytes()) == (vendor / "htmx.min.js").read_bytes()
    assert not (vendor / "figtree-latin-wght-normal.woff2.gz").exists()


def test_missing_names_what_is_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "VENDOR", tmp_path)
    assert "htmx.min.js" in assets.missing()
    assert "icons.svg" in assets.missing()


# ---------------------------------------------------------------- naming and serving


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A static folder with two files in place of ours."""
    root = tmp_path / "static"
    (root / "vendor").mkdir(parents=True)
    (root / "ui.css").write_text("body{}" * 200)
    (root / "vendor/icons.svg").write_text("<svg/>")
    monkeypatch.setattr(static_files, "STATIC", root)
    assets.revision.cache_clear()
    yield root
    assets.revision.cache_clear()


def app_with_static(*, debug: bool = False) -> Flask:
    app = Flask("mini", static_folder=None)
    app.debug = debug
    ui_kit.wrap_wsgi(app)
    return app


def test_the_revision_changes_with_any_file_and_not_with_the_compressed_ones(static: Path) -> None:
    first = assets.revision()
    assets.compress(static)
    assets.revision.cache_clear()
    assert assets.revision() == first
    (static / "vendor/icons.svg").write_text("<svg></svg>")
    assets.revision.cache_clear()
    assert assets.revision() != first
    assert len(first) == 6


def test_files_are_served_for_ever_under_the_revision(static: Path) -> None:
    client = app_with_static().test_client()
    answer = client.get(assets.static_url("ui.css"), buffered=True)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "max-age=315360000, public, immutable")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert client.get(assets.static_url("vendor/icons.svg"), buffered=True).mimetype == "image/svg+xml"


@pytest.mark.parametrize(
    "path", ["", "vendor", "vendor/", "vendor/../ui.css", "..%2fassets.py", "../assets.py", "ui.css/", "nothing.css"]
)
@pytest.mark.parametrize("debug", [False, True])
def test_folders_strangers_and_detours_are_404(static: Path, path: str, *, debug: bool) -> None:
    client = app_with_static(debug=debug).test_client()
    assert client.get(f"/static/{assets.revision()}/{path}").status_code == 404
    assert client.get(f"/static/0000000000/{path or 'ui.css'}").status_code == 404


def test_a_browser_that_takes_gzip_gets_it(static: Path) -> None:
    assets.compress(static)
    client = app_with_static().test_client()
    answer = client.get(assets.static_url("ui.css"), headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == (static / "ui.css").read_bytes()
    assert client.get(assets.static_url("ui.css.gz")).status_code == 404


@pytest.mark.parametrize("debug", [False, True])
def test_a_compressed_file_older_than_its_source_is_not_served(static: Path, *, debug: bool) -> None:
    assets.compress(static)
    (static / "ui.css").write_text("body{color:red}")
    newer = (static / "ui.css.gz").stat().st_mtime + 10
    os.utime(static / "ui.css", (newer, newer))
    assets.revision.cache_clear()
    answer = (
        app_with_static(debug=debug)
        .test_client()
        .get(assets.static_url("ui.css"), headers={"Accept-Encoding": "gzip"}, buffered=True)
    )
    assert answer.data == b"body{color:red}"


def test_in_debug_edits_show_at_once(static: Path) -> None:
    client = app_with_static(debug=True).test_client()
    url = assets.static_url("ui.css")
    client.get(url, buffered=True)
    (static / "ui.css").write_text("body{color:blue}")
    answer = client.get(url, buffered=True)
    assert (answer.data, answer.headers["Cache-Control"]) == (b"body{color:blue}", "max-age=0, public")


def test_the_command_runs_without_a_warning(node_modules: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "ui_kit.assets", "--node-modules", str(node_modules / "nowhere")]
    done = subprocess.run(command, cwd=assets.HERE.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ui_kit.assets: ")


def test_our_own_files_name_only_files_that_exist_or_are_built() -> None:
    css = (assets.HERE / "static/ui.css").read_text()
    built = {name for package in assets.PACKAGES for name in package.files}
    named = {part.split('"')[0] for part in css.split('url("')[1:]}
    assert {name.removeprefix("vendor/") for name in named} <= built
