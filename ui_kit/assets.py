"""Building `static/vendor/` from node_modules: `python -m ui_kit.assets`, safe to repeat.

How the files are named and served is in static_files.py; its functions can be had from here too.
"""

import argparse
import gzip
import hashlib
import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from ui_kit.static_files import HERE, STATIC, icon_names, pet_kinds, revision, source_files, static_url, wrap_wsgi

__all__ = [
    "AssetsError",
    "build",
    "compress",
    "icon_names",
    "missing",
    "pet_kinds",
    "revision",
    "static_url",
    "wrap_wsgi",
]

VENDOR = STATIC / "vendor"
NODE_MODULES = HERE.parent / "node_modules"
COMPRESSIBLE = {".css", ".js", ".svg", ".json", ".webmanifest", ".md"}


class AssetsError(Exception):
    """The front-end packages are not there, or not as expected. The text says what to do."""


@dataclass(frozen=True)
class Package:
    """One npm package: its licence, and which of its files we copy under which name.

    A package that ships no file with its licence has "" there; we then name what its package.json says.
    """

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
        "@event-calendar/build",
        "MIT",
        "",
        {
            "event-calendar.min.js": "dist/event-calendar.min.js",
            "event-calendar.min.css": "dist/event-calendar.min.css",
        },
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
    # Card fields and bank log-ins: the pay page's own, and only there.
    Package(
        "braintree-web",
        "MIT",
        "LICENSE",
        {
            f"braintree-{part}.js": f"dist/browser/{part}.js"
            for part in ("client", "hosted-fields", "three-d-secure", "us-bank-account")
        },
    ),
    # For PDFs: `documents.pdf` looks for it here first.
    Package(
        "@expo-google-fonts/noto-sans",
        "OFL-1.1",
        "LICENSE_FONT",
        {
            "NotoSans-Regular.ttf": "400Regular/NotoSans_400Regular.ttf",
            "NotoSans-Bold.ttf": "700Bold/NotoSans_700Bold.ttf",
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
    for path in source_files(root):
        if path.suffix in COMPRESSIBLE:
            Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
            count += 1
    return count


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
        about = json.loads((root / "package.json").read_text("utf-8"))
        files = ", ".join(package.files) or "icons.svg"
        if package.licence_file:
            text = (root / package.licence_file).read_text("utf-8").strip()
        else:
            text = f"Licence as named in its package.json: {about['license']}. Source: {about['homepage']}"
        parts.append(
            f"\n## {package.name} {about['version']} ({package.licence})\n\nFiles: {files}\n\n```\n{text}\n```\n"
        )
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
