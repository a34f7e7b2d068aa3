"""The files that a browser loads: building `static/vendor/` from node_modules, naming them, and serving them.

`python -m ui_kit.assets` builds (safe to repeat). Everything in `static/` is then served under
`/static/<revision>/`, where the revision is a hash over all of it, so that a browser may keep each file for ever.
"""

import argparse
import gzip
import hashlib
import json
import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from os import stat_result
from pathlib import Path
from wsgiref.headers import Headers

from flask import Flask
from whitenoise import WhiteNoise  # type: ignore[import-untyped,unused-ignore]
from whitenoise.responders import MissingFileError, StaticFile  # type: ignore[import-untyped,unused-ignore]

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
VENDOR = STATIC / "vendor"
NODE_MODULES = HERE.parent / "node_modules"

ONE_YEAR = 31_536_000
COMPRESSIBLE = {".css", ".js", ".svg", ".json", ".webmanifest", ".md"}


class AssetsError(Exception):
    """The front-end packages are not there, or not as expected. The text says what to do."""


@dataclass(frozen=True)
class Package:
    """One npm package: its licence, and which of its files we copy under which name."""

    name: str
    licence: str
    licence_file: str
    files: dict[str, str]  # our name -> path in the package


PACKAGES = (
    Package("htmx.org", "0BSD", "LICENSE", {"htmx.min.js": "dist/htmx.min.js"}),
    Package(
        "tom-select",
        "Apache-2.0",
        "LICENSE",
        {"tom-select.min.js": "dist/js/tom-select.base.min.js", "tom-select.css": "dist/css/tom-select.min.css"},
    ),
    Package(
        "@fontsource-variable/figtree",
        "OFL-1.1",
        "LICENSE",
        {
            "figtree-latin-wght-normal.woff2": "files/figtree-latin-wght-normal.woff2",
            "figtree-latin-ext-wght-normal.woff2": "files/figtree-latin-ext-wght-normal.woff2",
        },
    ),
    Package("@tabler/icons", "MIT", "LICENSE", {}),  # its icons go into icons.svg
)


# ---------------------------------------------------------------- building


def build(node_modules: Path = NODE_MODULES, vendor: Path = VENDOR) -> dict[str, str]:
    """Fill `vendor` from `node_modules` and return the manifest: file name -> sha256.

    Files that no longer belong there are removed. Refused with an `AssetsError` when a package, a file or an icon is
    missing; `vendor` is then left as it was.
    """
    made: dict[str, bytes] = {}
    for package in PACKAGES:
        root = _package_root(node_modules, package)
        for name, source in package.files.items():
            path = root / source
            if not path.is_file():
                raise AssetsError(f"{package.name} has no file {source}. Is its version the one in package.json?")
            made[name] = _in_vendor_layer(path.read_text("utf-8")) if name.endswith(".css") else path.read_bytes()
    made["icons.svg"] = _sprite(node_modules / "@tabler" / "icons" / "icons" / "outline").encode()
    made["LICENSES.md"] = _licences(node_modules).encode()
    manifest = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(made.items())}
    made["manifest.json"] = (json.dumps(manifest, indent=2) + "\n").encode()
    _replace_folder(vendor, made)
    return manifest


def compress(root: Path = STATIC) -> int:
    """Put a .gz beside every text file under `root`, for browsers that take it. Returns how many files."""
    count = 0
    for path in _files(root):
        if path.suffix in COMPRESSIBLE:
            Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
            count += 1
    return count


def icon_names() -> list[str]:
    """The icons of the sprite, as `ui.icon` takes them."""
    lines = (HERE / "icons.txt").read_text("utf-8").splitlines()
    return sorted(word for line in lines if not line.startswith("#") for word in line.split())


def pet_kinds() -> list[str]:
    """The species that have a drawing, as `ui.pet` takes them."""
    return re.findall(r'id="pet-([a-z]+)"', (HERE / "pets.svg").read_text("utf-8"))


def missing() -> list[str]:
    """Names of vendor files that are not there: empty after a build. For start-up checks and `flask doctor`."""
    expected = [name for package in PACKAGES for name in package.files] + ["icons.svg", "manifest.json", "LICENSES.md"]
    return [name for name in expected if not (VENDOR / name).is_file()]


def _package_root(node_modules: Path, package: Package) -> Path:
    if not node_modules.is_dir():
        raise AssetsError(f"{node_modules} is not there. Run: npm ci --ignore-scripts")
    root = node_modules / package.name
    if not (root / "package.json").is_file():
        raise AssetsError(f"The package {package.name} is not installed. Run: npm ci --ignore-scripts")
    return root


def _in_vendor_layer(css: str) -> bytes:
    """Their sheet in the layer `vendor`, so that every rule of ours wins however special theirs is."""
    css = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", css)
    return f"@layer vendor {{\n{css.strip()}\n}}\n".encode()


def _sprite(outline: Path) -> str:
    symbols = []
    for name in icon_names():
        path = outline / f"{name}.svg"
        if not path.is_file():
            raise AssetsError(f"Tabler Icons has no icon called {name} (named in ui_kit/icons.txt).")
        body = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", path.read_text("utf-8"), flags=re.DOTALL)
        body = re.sub(r'<path stroke="none"[^>]*/>', "", body)
        body = re.sub(r"\s*\n\s*", "", body).replace(" />", "/>")
        symbols.append(
            f'<symbol id="i-{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75"'
            f' stroke-linecap="round" stroke-linejoin="round">{body}</symbol>'
        )
    pets = re.sub(r"\s*\n\s*", "", (HERE / "pets.svg").read_text("utf-8"))
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}{pets}</svg>\n'


def _licences(node_modules: Path) -> str:
    intro = "Copied by `python -m ui_kit.assets`; nothing here is ours but the pets in icons.svg."
    parts = [f"# Third-party files in this folder\n\n{intro}\n"]
    for package in PACKAGES:
        root = node_modules / package.name
        version = json.loads((root / "package.json").read_text("utf-8"))["version"]
        files = ", ".join(package.files) or "icons.svg"
        text = (root / package.licence_file).read_text("utf-8").strip()
        parts.append(f"\n## {package.name} {version} ({package.licence})\n\nFiles: {files}\n\n```\n{text}\n```\n")
    return "".join(parts)


def _replace_folder(folder: Path, made: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.name not in made:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for name, data in made.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != data:
            fresh = path.with_suffix(path.suffix + ".new")
            fresh.write_bytes(data)
            fresh.replace(path)


# ---------------------------------------------------------------- naming and serving


@cache
def revision() -> str:
    """Ten letters that change when any file in `static/` does. Read once per process."""
    digest = hashlib.sha256()
    for path in _files(STATIC):
        digest.update(path.relative_to(STATIC).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:10]


def static_url(name: str) -> str:
    """The address of a file in `static/`: `static_url("vendor/icons.svg")`."""
    return f"/static/{revision()}/{name}"


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
    """WhiteNoise that knows folders are not files and does not trust a .gz older than its source."""

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


def _files(root: Path) -> Iterable[Path]:
    return sorted(p for p in root.rglob("*") if p.is_file() and p.suffix not in {".gz", ".br", ".new"})


def main(arguments: list[str] | None = None) -> int:
    """Build and compress; say what was done. Exit code 1 with one plain sentence when it cannot."""
    parser = argparse.ArgumentParser(prog="python -m ui_kit.assets", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--node-modules", type=Path, default=NODE_MODULES)
    parser.add_argument("--no-gzip", action="store_true", help="leave out the compressed copies")
    options = parser.parse_args(arguments)
    try:
        manifest = build(options.node_modules)
    except AssetsError as problem:
        print(f"ui_kit.assets: {problem}", file=sys.stderr)  # noqa: T201 -- a command speaks to its terminal
        return 1
    packed = 0 if options.no_gzip else compress()
    print(f"ui_kit/static/vendor: {len(manifest)} files, {packed} compressed")  # noqa: T201 -- a command speaks to its terminal
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
