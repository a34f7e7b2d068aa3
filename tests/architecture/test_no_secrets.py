"""No key, token or password is among the files that git keeps: a dozen shapes, looked for in each of them."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: what keys look like, by who hands them out
SHAPES = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "AWS": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "AWS secret": r"(?i)aws_secret_access_key\W{1,4}[A-Za-z0-9/+]{40}\b",
    "GitHub": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})",
    "GitLab": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "Slack": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "Stripe": r"\b[sr]k_live_[A-Za-z0-9]{16,}",
    "Braintree": r"access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[a-f0-9]{32}",
    "Google": r"\bAIza[A-Za-z0-9_-]{35}\b",
    "SendGrid": r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
    "npm": r"\bnpm_[A-Za-z0-9]{36}\b",
    "PyPI": r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{20,}",
    "web token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "address with password": r"\b(?:postgres(?:ql)?(?:\+psycopg)?|redis|amqp|smtps?|https?)://[^\s:/@'\"`{}<>]+:(?!password@|secret@|x@|…)[^\s:/@'\"`{}<>]{8,}@",
    "variable": r"(?m)^(?:export )?(?:SECRET_KEY|FIELD_KEYS|MAIL_PASSWORD|BOUNCE_TOKEN|BRAINTREE_PRIVATE_KEY)=[^\s$<…\"']{12,}",
}
#: (file, shape) that looks like one and is none, with the reason
NONE: dict[tuple[str, str], str] = {}
#: files that only the machine itself may have
NEVER = re.compile(r"(^|/)(\.env(\..*)?|id_(rsa|ed25519|ecdsa)|secret_key|field_keys|.*\.(pem|p12|pfx|key|keystore|sqlite3?|db))$")  # fmt: skip


def tracked() -> list[str]:
    """Every file that git keeps, also those that are about to be added."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, check=True)
    return [name for name in done.stdout.decode().split("\0") if name]


def found_in(text: str) -> list[str]:
    """The shapes that a text holds."""
    return [name for name, shape in SHAPES.items() if re.search(shape, text)]


def test_no_file_of_the_repository_holds_a_key():
    names = tracked()
    assert len(names) > 500
    assert [name for name in names if NEVER.search(name)] == []
    held = []
    for name in names:
        path = ROOT / name
        if path.is_symlink() or not path.is_file():
            continue
        data = path.read_bytes()
        if b"\0" not in data[:8000]:
            held += [(name, shape) for shape in found_in(data.decode("utf-8", "replace"))]
    assert [one for one in held if one not in NONE] == []
    assert [one for one in NONE if one not in held] == [], "these exceptions are needed no more"


def test_each_shape_is_recognised():
    """Put together here, so that this file holds none."""
    samples = {
        "private key": "-----BEGIN RSA PRIVATE" + " KEY-----", "AWS": "AKIA" + "ABCDEFGHIJKLMNOP", "AWS secret": "aws_secret_access_key = " + "a1b2" * 10,
        "GitHub": "ghp_" + "a1" * 18, "GitLab": "glpat-" + "a1" * 10, "Slack": "xoxb-" + "1" * 12, "Stripe": "sk_live_" + "a" * 24,
        "Braintree": "access_token$" + "production$" + "a1" * 8 + "$" + "0f" * 16, "Google": "AIza" + "a" * 35, "SendGrid": "SG." + "a" * 22 + "." + "b" * 43,
        "npm": "npm_" + "a" * 36, "PyPI": "pypi-AgEIcHlwaS5vcmc" + "a" * 30, "web token": "eyJ" + "hbGciOiJIUzI1." + "eyJ" + "zdWIiOiIxMjM." + "sflKxwRJSM",
        "address with password": "postgresql://latchkey:" + "hunter2hunter2@db/x", "variable": "SECRET_KEY" + "=abcdefghijklmnop",
    }  # fmt: skip
    assert samples.keys() == SHAPES.keys()
    for name, sample in samples.items():
        assert name in found_in(sample), name
