"""The running payment gateway as the portal needs it: its mode, what it may load on our pages, the demo's cards."""

from dataclasses import dataclass

from flask import current_app
from flask_babel import gettext as _

from gateways.payments import Mode, PaymentGateway
from models import MethodKind
from ui_kit import csp
from workflows import settings
from workflows.billing import modes


def here() -> PaymentGateway:
    """The gateway that `application` chose."""
    gateway: PaymentGateway = current_app.extensions["gateway"]
    return gateway


def mode() -> Mode:
    """Whose money moves."""
    return here().mode()


def is_there() -> bool:
    """Can anything be paid online at all?"""
    return mode() != "off"


def note() -> str | None:
    """What every page says while no money moves."""
    words = modes.note(mode())
    return _(words) if words else None


def three_d_secure() -> str:
    """`off`, `when_available` or `required`; the demo's cards say it by themselves."""
    return str(settings.read()["payments.three_d_secure"])


# ------------------------------------------------------------------------------------------------------ the demo

#: nonces of the built-in gateway, in place of a card form: nobody types a number
DEMO_CARDS = (
    "fake-valid-visa-nonce",
    "fake-valid-mastercard-nonce",
    "fake-processor-declined-visa-nonce",
    "fake-gateway-rejected-fraud-nonce",
    "fake-three-d-secure-visa-full-authentication-nonce",
    "fake-three-d-secure-visa-failed-authentication-nonce",
    "demo-expired-visa-nonce",
)
DEMO_ACCOUNTS = ("fake-us-bank-account-nonce", "demo-us-bank-account-declined-nonce")


@dataclass(frozen=True)
class DemoChoice:
    """One line of the demo's form."""

    nonce: str
    label: str


def demo_choices(kind: MethodKind) -> list[DemoChoice]:
    """The cards or accounts that the demo offers, with what each of them does; none unless it is the demo."""
    if mode() != "demo":
        return []
    words = {
        "fake-valid-visa-nonce": _("Visa ···· 1881: is accepted"),
        "fake-valid-mastercard-nonce": _("MasterCard ···· 4444: is accepted"),
        "fake-processor-declined-visa-nonce": _("Visa ···· 1115: cannot be kept"),
        "fake-gateway-rejected-fraud-nonce": _("Visa ···· 1511: is refused as fraud"),
        "fake-three-d-secure-visa-full-authentication-nonce": _("Visa ···· 1091: confirmed with 3-D Secure"),
        "fake-three-d-secure-visa-failed-authentication-nonce": _("Visa ···· 1109: 3-D Secure fails"),
        "demo-expired-visa-nonce": _("Visa ···· 1882: has run out"),
        "fake-us-bank-account-nonce": _("US bank account ···· 0000: is accepted"),
        "demo-us-bank-account-declined-nonce": _("US bank account ···· 0005: is refused"),
    }
    return [DemoChoice(n, words[n]) for n in (DEMO_CARDS if kind is MethodKind.CARD else DEMO_ACCOUNTS)]


# ------------------------------------------------------------------------------------------------ the real gateway


def widen_csp() -> None:
    """Let this answer load Braintree's card fields, which are frames of theirs; nothing while it is the demo.

    With 3-D Secure the card's bank shows its own page, whose address nobody knows beforehand.
    """
    if mode() not in {"sandbox", "production"}:
        return
    test = "sandbox." if mode() == "sandbox" else ""
    assets = "https://assets.braintreegateway.com"
    csp.allow_in_csp(
        script_src=["https://js.braintreegateway.com", assets],
        img_src=[assets],
        frame_src=[assets],
        child_src=[assets],
        connect_src=[
            f"https://api.{test}braintreegateway.com",
            f"https://client-analytics.{test}braintreegateway.com",
            "https://*.braintree-api.com",
        ],
    )
    if three_d_secure() != "off":
        songbird = "songbirdstag" if test else "songbird"
        static = "cas.static" if test else "static.client"
        csp.allow_in_csp(
            script_src=[f"https://{songbird}.cardinalcommerce.com", f"https://{static}.cardinaltrusted.com"],
            frame_src=["https://*"],
            connect_src=["https://*.cardinalcommerce.com", "https://*.cardinaltrusted.com"],
            form_action=["https://*"],
        )
