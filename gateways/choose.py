"""Which gateway this install talks to, by what the operator set. Refuses a mixture with a sentence at start."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from babel.numbers import list_currencies

from gateways.braintree_gateway import BraintreeGateway, Keys
from gateways.demo import DemoGateway, open_gateway
from gateways.off import NoGateway
from gateways.payments import Mode, PaymentGateway

_MODES: tuple[Mode, ...] = ("demo", "development", "sandbox", "production", "off")
#: where no real money moves, sandbox aside: nothing for a business's own server
PRETENDING: frozenset[Mode] = frozenset({"demo", "development"})
_NAMES = ("BRAINTREE_MERCHANT_ID", "BRAINTREE_PUBLIC_KEY", "BRAINTREE_PRIVATE_KEY")


class ChoiceError(ValueError):
    """What was set does not fit together; the text says what to set."""


@dataclass(frozen=True)
class Choice:
    """The operator's settings as they were given. Shows no key."""

    environment: Mode | Literal[""] = ""
    merchant_id: str = ""
    public_key: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    merchant_accounts: Mapping[str, str] = field(default_factory=dict)
    port: int = 3000

    @property
    def given(self) -> tuple[str, str, str]:
        return (self.merchant_id, self.public_key, self.private_key)


def from_environment(env: Mapping[str, str]) -> Choice:
    """Read BRAINTREE_* and GATEWAY_PORT; ChoiceError for what cannot be read."""
    named = env.get("BRAINTREE_ENVIRONMENT", "").strip().lower()
    environment: Mode | None = next((mode for mode in _MODES if mode == named), None)
    if named and environment is None:
        raise ChoiceError(f"Set BRAINTREE_ENVIRONMENT to one of {', '.join(_MODES)}; it is {named!r}.")
    port = env.get("GATEWAY_PORT", "").strip() or "3000"
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        raise ChoiceError("Set GATEWAY_PORT to the port of the gateway on this machine, such as 3000.")
    merchant_id, public_key, private_key = (env.get(name, "").strip() for name in _NAMES)
    return Choice(
        environment or "",
        merchant_id,
        public_key,
        private_key,
        _accounts(env.get("BRAINTREE_MERCHANT_ACCOUNTS", "")),
        int(port),
    )


def _accounts(given: str) -> dict[str, str]:
    accounts: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in given.split(","))):
        currency, equals, account = (part.strip() for part in pair.partition("="))
        known = currency.upper() in list_currencies()
        if not equals or not known or not re.fullmatch(r"[A-Za-z0-9_-]+", account) or currency.upper() in accounts:
            raise ChoiceError(
                "Set BRAINTREE_MERCHANT_ACCOUNTS to one account for each currency, such as USD=abc,EUR=def."
            )
        accounts[currency.upper()] = account
    return accounts


def settled(choice: Choice, *, production: bool) -> Choice:
    """The choice with its environment decided: the demo where nothing is set, and nothing at all in production.

    ChoiceError for: keys without an environment, the demo with keys or in production, an environment without its keys,
    real money without merchant accounts.
    """
    environment = choice.environment or ("off" if production else "demo")
    if any(choice.given) and environment in {"demo", "off"}:
        if choice.environment:
            raise ChoiceError(
                f"Braintree's keys are set although BRAINTREE_ENVIRONMENT is {environment}: remove one or the other."
            )
        raise ChoiceError("Braintree's keys are set: set BRAINTREE_ENVIRONMENT to sandbox or production too.")
    if environment == "demo" and production:
        raise ChoiceError(
            "The demo gateway takes no money and does not run in production: set BRAINTREE_ENVIRONMENT to production."
        )
    if environment in {"development", "sandbox", "production"} and not all(choice.given):
        missing = ", ".join(name for name, value in zip(_NAMES, choice.given, strict=True) if not value)
        raise ChoiceError(f"Set {missing}: BRAINTREE_ENVIRONMENT is {environment}.")
    if environment == "production" and not choice.merchant_accounts:
        raise ChoiceError(
            "Set BRAINTREE_MERCHANT_ACCOUNTS, such as USD=abc: the account decides in which currency is charged."
        )
    return Choice(environment, *choice.given, choice.merchant_accounts, choice.port)


def gateway(choice: Choice, data_dir: Path) -> PaymentGateway:
    """The gateway of a settled choice. Nothing is asked yet: a gateway that is away must not keep the app from starting."""
    if choice.environment == "off" or not choice.environment:
        return NoGateway()
    if choice.environment == "demo":
        return over(open_gateway(data_dir))
    return BraintreeGateway(Keys(*choice.given, choice.environment, choice.merchant_accounts, choice.port))


def over(simulator: DemoGateway) -> BraintreeGateway:
    """The adapter over a demo gateway in this process."""
    keys = simulator.keys
    return BraintreeGateway(Keys(keys.merchant_id, keys.public_key, keys.private_key, "demo"), simulator=simulator)
