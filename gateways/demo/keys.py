"""The demo gateway's own keys: random for each install, so that no other install's webhooks are believed."""

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class DemoKeys:
    """With these the adapter signs in at the demo gateway, and the gateway signs its webhooks."""

    merchant_id: str
    public_key: str = field(repr=False)
    private_key: str = field(repr=False)


def new_keys() -> DemoKeys:
    return DemoKeys(f"demo_{secrets.token_hex(6)}", f"demo_{secrets.token_hex(8)}", secrets.token_hex(24))


def kept_keys(path: Path) -> DemoKeys:
    """The keys in this file, made on first use and readable by nobody else; of two processes one makes them."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = new_keys()
        text = json.dumps([made.merchant_id, made.public_key, made.private_key])
        # Whole under another name first: nobody ever reads half a file.
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as new:
            new.write(text)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        except OSError:
            # Some file systems know no links: then the last of two makers wins.
            draft.replace(path)
        draft.unlink(missing_ok=True)
    merchant_id, public_key, private_key = json.loads(path.read_text("utf-8"))
    return DemoKeys(merchant_id, public_key, private_key)
