"""The files that a browser loads: their names, and who serves them.

Everything in `static/` is served under `/static/<revision>/`, where the revision is a hash over all of it, so that a
browser may keep each file for ever. `static/vendor/` is built by assets.py.
"""

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from os import stat_result
from pathlib import Path
from typing import TYPE_CHECKING
from wsgiref.headers import Headers

from flask import Flask
from whitenoise import WhiteNoise  # type: ignore[import-untyped,unused-ignore]
from whitenoise.responders import MissingFileError, StaticFile  # type: ignore[import-untyped,unused-ignore]

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
ONE_YEAR = 31_536_000


def icon_names() -> list[str]:
    """The icons of the sprite, as `ui.icon` takes them."""
    lines = (HERE / "icons.txt").read_text("utf-8").splitlines()
    return sorted(word for line in lines if not line.startswith("#") for word in line.split())


def pet_kinds() -> list[str]:
    """The species that have a drawing, as `ui.pet` takes them."""
    return re.findall(r'id="pet-([a-z]+)"', (HERE / "pets.svg").read_text("utf-8"))


@cache
def revision() -> str:
    """Six letters that change when any file in `static/` does. Read once per process."""
    digest = hashlib.sha256()
    for path in source_files(STATIC):
        digest.update(path.relative_to(STATIC).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:6]


#: the sprite's address stands in a page some eighty times, so it has a short one
SHORT = {"vendor/icons.svg": "i.svg"}


def static_url(name: str) -> str:
    """The address of a file in `static/`: `static_url("vendor/htmx.min.js")`."""
    return f"/static/{revision()}/{SHORT.get(name, name)}"


def wrap_wsgi(app: Flask) -> None:
    """Let WhiteNoise answer for `/static/<revision>/` in front of the Flask app.

    In debug mode files are read at each request and not kept by the browser, so that edits show at once.
    """
    app.wsgi_app = _StaticFiles(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(STATIC),
        prefix=f"static/{revision()}/",
        autorefresh=bool(app.debug),
        max_age=0 if app.debug else ONE_YEAR,
        immutable_file_test=lambda path, url: not app.debug,  # noqa: ARG005 -- WhiteNoise's signature
        index_file=None,
        allow_all_origins=False,
        mimetypes={".webmanifest": "application/manifest+json", ".woff2": "font/woff2"},
        add_headers_function=_static_headers,
    )


class _StaticFiles(WhiteNoise):  # type: ignore[misc,unused-ignore]
    """WhiteNoise that knows folders are not files and short names, and does not trust a .gz older than its source."""

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        folder = f"/static/{revision()}/"
        for name, short in SHORT.items():
            if environ.get("PATH_INFO") == folder + short:
                environ["PATH_INFO"] = folder + name
        return super().__call__(environ, start_response)  # type: ignore[no-any-return,unused-ignore]

    def get_static_file(self, path: str, url: str, stat_cache: dict[str, stat_result] | None = None) -> StaticFile:
        source, packed = Path(path), Path(f"{path}.gz")
        if stat_cache is None and not source.is_file():
            raise MissingFileError(path)
        if packed.is_file() and packed.stat().st_mtime < source.stat().st_mtime:
            only_source = {path: source.stat()}
            return super().get_static_file(path, url, stat_cache=only_source)
        return super().get_static_file(path, url, stat_cache=stat_cache)


def _static_headers(headers: Headers, path: str, url: str) -> None:  # noqa: ARG001 -- WhiteNoise's signature
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if path.endswith(".svg"):
        headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"


def source_files(root: Path) -> Iterable[Path]:
    """The files under `root` in a fixed order, without their compressed copies."""
    return sorted(p for p in root.rglob("*") if p.is_file() and p.suffix not in {".gz", ".br", ".new"})
