"""What the operator was given by Braintree."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateways.payments import Mode


@dataclass(frozen=True)
class Keys:
    """Its repr shows no secret."""

    merchant_id: str
    public_key: str = field(repr=False)
    private_key: str = field(repr=False)
    environment: Mode = "sandbox"
    #: currency -> merchant account; empty: the default account, whose currency every answer is checked for
    merchant_accounts: Mapping[str, str] = field(default_factory=dict)
    #: of the gateway on this machine, in "development"
    port: int = 3000
