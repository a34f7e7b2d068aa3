"""What clients allowed: debits of a bank account, charges without asking again. Rows are only added, also to take back."""

import sqlalchemy as sa

from foundation.db import db
from gateways.payments import Mandate
from models import Client, ConsentKind, PaymentAttempt, PaymentConsent, StoredMethod
from workflows import settings
from workflows.actors import Actor


def give(
    client: Client, kind: ConsentKind, text: str, *, actor: Actor, method: StoredMethod | None = None,
    is_given: bool = True, address: str = "", device: str = "",
) -> PaymentConsent:  # fmt: skip
    """Write down what was allowed or taken back: the words that were shown, when, from where and by whom."""
    row = PaymentConsent(
        client_id=client.id,
        method_id=method.id if method else None,
        kind=kind,
        is_given=is_given,
        text=text.strip(),
        address=address[:64],
        device=device[:120],
        client_login_id=actor.client_login.id if actor.client_login else None,
        by_name=actor.name[:255],
    )
    db.session.add(row)
    db.session.flush()
    return row


def of_attempt(
    attempt: PaymentAttempt, mandate: Mandate | None, *, text: str, actor: Actor, address: str, device: str
) -> None:
    """What a client allows while paying with a new card or account. They belong to it once it is kept."""
    allowed = []
    if mandate is not None and attempt.nonce:
        allowed.append((ConsentKind.BANK_MANDATE, mandate.text))
    if attempt.allow_automatic:
        allowed.append((ConsentKind.AUTOMATIC, text or str(settings.read()["portal.automatic_text"])))
    for kind, words in allowed:
        give(attempt.client, kind, words, actor=actor, address=address, device=device).at = attempt.created_at
    db.session.flush()


def belong_to(attempt: PaymentAttempt, method: StoredMethod) -> None:
    """What was allowed with an attempt is about this card or account: it is known only now."""
    db.session.execute(
        sa.update(PaymentConsent)
        .where(
            PaymentConsent.client_id == attempt.client_id,
            PaymentConsent.at == attempt.created_at,
            PaymentConsent.method_id.is_(None),
        )
        .values(method_id=method.id)
        .execution_options(synchronize_session=False)
    )


def mandate_of(method: StoredMethod) -> PaymentConsent | None:
    """The authorization with which a bank account may be debited."""
    return db.session.scalar(
        sa.select(PaymentConsent)
        .where(PaymentConsent.method_id == method.id, PaymentConsent.kind == ConsentKind.BANK_MANDATE)
        .order_by(PaymentConsent.id.desc())
        .limit(1)
    )
