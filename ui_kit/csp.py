"""The security headers that every answer of the Flask app carries. Static files get theirs in assets.py."""

from collections.abc import Iterable

from flask import Flask, Response, g

POLICY: dict[str, tuple[str, ...]] = {
    "default-src": ("'self'",),
    "script-src": ("'self'",),
    "style-src": ("'self'",),
    "img-src": ("'self'", "data:", "blob:"),
    "font-src": ("'self'",),
    "object-src": ("'none'",),
    "base-uri": ("'none'",),
    "frame-ancestors": ("'none'",),
    "form-action": ("'self'",),
}
# Sitters may share where they are when they check in; a wallet may open on the pay page. Nothing else is needed.
PERMISSIONS = "camera=(), geolocation=(self), microphone=(), payment=(self), usb=(), browsing-topics=()"


def allow_in_csp(**sources: Iterable[str]) -> None:
    """Widen the policy for the answer to this request only: `allow_in_csp(frame_src=["https://assets.example"])`.

    For the pay page with a real gateway. Names are directives with `_` for `-`; `'none'` and inline are refused.
    """
    extra = g.setdefault("csp_extra", {})
    for name, values in sources.items():
        directive = name.replace("_", "-")
        for value in values:
            if not value.startswith("https://") or any(c in value for c in " ;,'\"\r\n"):
                message = f"{value!r} may not go into the policy: only https origins may."
                raise ValueError(message)
        extra.setdefault(directive, []).extend(values)


def content_security_policy(extra: dict[str, list[str]] | None = None) -> str:
    """The policy as the header's value, with `extra` sources added to its directives."""
    policy = dict(POLICY)
    for directive, values in (extra or {}).items():
        policy[directive] = (*policy.get(directive, POLICY["default-src"]), *dict.fromkeys(values))
    return "; ".join(f"{directive} {' '.join(values)}" for directive, values in policy.items())


_POLICY = content_security_policy()
#: what an answer carries unless its view said otherwise
_USUAL = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Permissions-Policy", PERMISSIONS),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)


def install_security_headers(app: Flask) -> None:
    """Set the headers after every request. What a view has set itself stays.

    HSTS is sent when `PUBLIC_URL` is https. Whatever does not say how long it may be kept is never kept.
    Call it early in `create_app`: Flask runs the first registered hook last.
    """

    @app.after_request
    def _headers(response: Response) -> Response:
        headers = response.headers
        said = {name.lower() for name, _value in headers}
        if "content-security-policy" not in said:
            extra = g.get("csp_extra")
            headers.add("Content-Security-Policy", content_security_policy(extra) if extra else _POLICY)
        # One look at what the view said instead of one for each: that was a tenth of an almost empty page.
        for name, value in _USUAL:
            if name.lower() not in said:
                headers.add(name, value)
        is_https = str(app.config.get("PUBLIC_URL", "")).startswith("https://")
        if is_https and "strict-transport-security" not in said:
            headers.add("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
        return response
