"""Rows about other programs for tests: tokens, kept answers, web hooks and what is sent to them."""

import itertools
from collections.abc import Callable
from typing import Any

from foundation import clock, sealing
from foundation.db import Base, db
from models import ApiAnswer, ApiToken, HookDelivery, Staff, WebHook
from tests import factories
from workflows import api_tokens, settings
from workflows.actors import COMMAND_LINE

_number = itertools.count(1)


def _put(row: Any) -> Any:
    db.session.add(row)
    db.session.flush()
    return row


def switch_on() -> None:
    """Other programs may connect."""
    settings.change({"api.on": True}, actor=COMMAND_LINE)
    db.session.commit()


def secret_of(number: int) -> str:
    """A token's secret, shaped right."""
    return f"{api_tokens.MARK}{number:043d}"


def api_token(staff: Staff | None = None, *, number: int | None = None, **more: Any) -> ApiToken:
    """A token with all scopes; its person has a log-in."""
    n = number or next(_number)
    owner = staff or factories.staff()
    if owner.login is None:
        factories.staff_login(owner)
    secret = secret_of(n)
    values = {"name": f"Program {n}", "prefix": secret[:9], "scopes": list(api_tokens.SCOPES), **more}
    return _put(ApiToken(staff=owner, token_hash=sealing.fingerprint(secret), **values))


def api_answer(token: ApiToken | None = None, **more: Any) -> ApiAnswer:
    return _put(
        ApiAnswer(token_id=(token or api_token()).id, **{"key": f"k{next(_number)}", "fingerprint": "f" * 64, **more})
    )


def web_hook(url: str = "http://127.0.0.1:9/hook", **more: Any) -> WebHook:
    return _put(WebHook(url=url, sealed=sealing.seal("whsec_dGVzdA=="), **{"events": ["ping"], **more}))


def hook_delivery(hook: WebHook | None = None, event: str = "ping", **more: Any) -> HookDelivery:
    return _put(HookDelivery(hook=hook or web_hook(), event=event, **{"next_at": clock.now(), **more}))


CONNECTION_FACTORIES: dict[type[Base], Callable[..., Base]] = {
    ApiAnswer: api_answer,
    ApiToken: api_token,
    HookDelivery: hook_delivery,
    WebHook: web_hook,
}
