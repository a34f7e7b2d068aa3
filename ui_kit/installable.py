"""What makes a face installable on a phone: its manifest, and its service worker, which keeps the shell and nothing else.

The worker is `static/worker.js` with a first line that says what to keep. Pages of people are never kept: without a
connection a navigation gets the offline page, which is the same for everybody.
"""

import json
from collections.abc import Sequence

from flask import Response

from ui_kit.static_files import STATIC, revision, static_url
from workflows import settings

#: what every page of the portal's frame loads
SHELL = (
    "tokens.css", "ui.css", "portal.css", "theme.js", "ui.js", "install.js", "vendor/htmx.min.js", "vendor/icons.svg",
    "vendor/figtree-latin-wght-normal.woff2", "favicon.svg",
)  # fmt: skip
GREEN, PAPER = "#0b6b54", "#f4f7f5"


def manifest(*, scope: str, start: str, what: str = "") -> Response:
    """The web app manifest of the pages under `scope`; `what` tells two apps of one business apart."""
    name = settings.read()["business.name"]
    icons = [
        {"src": static_url(f"icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": "any"}
        for size in (192, 512)
    ]
    icons.append(
        {"src": static_url("icon-512-maskable.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"}
    )
    facts = {
        "id": scope, "name": f"{name}: {what}" if what else name, "short_name": what or name, "start_url": start,
        "scope": scope, "display": "standalone", "background_color": PAPER, "theme_color": GREEN, "icons": icons,
    }  # fmt: skip
    answer = Response(json.dumps(facts, ensure_ascii=False), mimetype="application/manifest+json")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def worker(*, name: str, offline: str, files: Sequence[str] = ()) -> Response:
    """The service worker: keeps the shell, `files` of `static/` and the page at `offline`; read anew at each start."""
    keep = [static_url(file) for file in (*SHELL, *files)]
    facts = {"cache": f"{name}-{revision()}", "name": name, "offline": offline, "keep": keep}
    script = f"const ABOUT = {json.dumps(facts)};\n{(STATIC / 'worker.js').read_text('utf-8')}"
    answer = Response(script, mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    return answer
