"""Deployment config: what the operator sets in the environment. What the owner sets is in `workflows.settings`."""

import contextlib
import logging
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from application import hosts
from foundation import sealed_files, sealing, storage
from foundation.pooling import Limits
from gateways import choose
from gateways.payments import PaymentGateway

log = logging.getLogger(__name__)


_LEVELS = {"debug", "info", "warning", "error"}


class ConfigError(RuntimeError):
    """The environment is not fit to start with; the text says what to set."""


def from_environment(env: dict[str, str] | None = None) -> dict[str, Any]:
    """Flask's config from the environment; development has defaults for everything, production for nothing secret."""
    given = dict(os.environ) if env is None else env
    get = given.get
    name = get("LATCHKEY_ENV", "development")
    data_dir = Path(get("DATA_DIR", "var")).resolve()
    public_url = get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
    return {
        "ENV_NAME": name,
        "DATA_DIR": str(data_dir),
        "SQLALCHEMY_DATABASE_URI": _database(get("DATABASE_URL") or f"sqlite:///{data_dir / 'latchkey.db'}"),
        "DATABASE_LIMITS": _limits(given),
        "PUBLIC_URL": public_url,
        "SECRET_KEY": get("SECRET_KEY") or ("" if name == "production" else _kept_key(data_dir)),
        "SECRET_KEY_FALLBACKS": [k for k in get("SECRET_KEY_FALLBACKS", "").split(",") if k],
        "FIELD_KEYS": get("FIELD_KEYS", ""),
        "TRUSTED_HOSTS": hosts.from_text(get("TRUSTED_HOSTS", "")),
        "TRUSTED_PROXIES": int(get("TRUSTED_PROXIES", "0")),
        "QUEUE_URL": get("QUEUE_URL", ""),
        "FILES_URL": get("FILES_URL", ""),
        "FILES_ENDPOINT": get("FILES_ENDPOINT", ""),
        "BRAINTREE": _braintree(given),
        "MAIL_SERVER": get("MAIL_SERVER", ""),
        "MAIL_PORT": int(get("MAIL_PORT", "587" if get("MAIL_SERVER") else "25")),
        "MAIL_USERNAME": get("MAIL_USERNAME"),
        "MAIL_PASSWORD": get("MAIL_PASSWORD"),
        "MAIL_USE_TLS": get("MAIL_USE_TLS", "1" if get("MAIL_PORT", "587") == "587" else "0") == "1",
        "MAIL_USE_SSL": get("MAIL_USE_SSL", "0") == "1",
        "MAIL_DEFAULT_SENDER": get("MAIL_DEFAULT_SENDER", "no-reply@latchkey.example"),
        "BACKUP_KEY": get("BACKUP_KEY", ""),
        "BACKUP_URL": get("BACKUP_URL", ""),
        "BACKUP_ENDPOINT": get("BACKUP_ENDPOINT", "") or get("FILES_ENDPOINT", ""),
        "BOUNCE_TOKEN": get("BOUNCE_TOKEN", ""),
        "LOG_FORMAT": get("LOG_FORMAT", "text"),
        # `make run` has a terminal, where a line for each request would bury what matters.
        "LOG_LEVEL": get("LOG_LEVEL", "info" if name == "production" else "warning"),
        "SLOW_REQUEST_MS": int(get("SLOW_REQUEST_MS", "1000")),
        "METRICS_TOKEN": get("METRICS_TOKEN", ""),
        "METRICS_LOOPBACK": get("METRICS_LOOPBACK", "0") == "1",
    }


def _limits(given: Mapping[str, str]) -> Limits:
    def number(name: str, default: int) -> int:
        text = given.get(name, "").strip() or str(default)
        if not text.isascii() or not text.isdecimal() or len(text) > 6:
            raise ConfigError(f"Set {name} to a whole number, such as {default or 30}; it is {text!r}.")
        return int(text)

    usual, pgbouncer = Limits(), given.get("DATABASE_PGBOUNCER", "").strip() or "0"
    if pgbouncer not in {"0", "1"}:
        raise ConfigError(f"Set DATABASE_PGBOUNCER to 1 or 0; it is {pgbouncer!r}.")
    return Limits(
        kept=number("DATABASE_POOL", usual.kept),
        more=number("DATABASE_POOL_MORE", usual.more),
        wait_seconds=number("DATABASE_POOL_WAIT", usual.wait_seconds),
        connect_seconds=number("DATABASE_CONNECT_SECONDS", usual.connect_seconds),
        statement_seconds=number("DATABASE_STATEMENT_SECONDS", usual.statement_seconds),
        lock_seconds=number("DATABASE_LOCK_SECONDS", usual.lock_seconds),
        by_transaction=pgbouncer == "1",
    )


def _engine_options(config: dict[str, Any]) -> dict[str, Any]:
    """SQLAlchemy's: ours, and over them what a tool gives."""
    ours: dict[str, Any] = config["DATABASE_LIMITS"].engine_options(config["SQLALCHEMY_DATABASE_URI"])
    given = config.get("SQLALCHEMY_ENGINE_OPTIONS", {})
    connect = {**ours.get("connect_args", {}), **given.get("connect_args", {})}
    # What people typed does not get into the log with what the database refused.
    return {"hide_parameters": True, **ours, **given, **({"connect_args": connect} if connect else {})}


def _braintree(given: dict[str, str]) -> choose.Choice:
    try:
        return choose.from_environment(given)
    except choose.ChoiceError as problem:
        raise ConfigError(str(problem)) from problem


def _kept_key(data_dir: Path) -> str:
    """The random key that `make run` keeps beside the data, made on first use: web, worker and command line share it."""
    return _kept(data_dir / "secret_key", lambda: secrets.token_urlsafe(48))


def _field_keys(config: dict[str, Any]) -> list[str]:
    """The keys that seal home access, newest first; in development those kept beside the data, one a line."""
    given = config["FIELD_KEYS"]
    if not given and config["ENV_NAME"] != "production":
        given = _kept(Path(config["DATA_DIR"]) / "field_keys", sealing.new_key)
    return given if isinstance(given, list) else given.replace(",", " ").split()


def _kept(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as new:
                new.write(make())
    return path.read_text().strip()


def _database(url: str) -> str:
    """PostgreSQL is spoken through psycopg 3, whatever spelling the operator used."""
    for old in ("postgres://", "postgresql://"):
        if url.startswith(old):
            return "postgresql+psycopg://" + url.removeprefix(old)
    return url


def complete(config: dict[str, Any]) -> dict[str, Any]:
    """Check the config and add what follows from it. ConfigError when production would start without its secrets."""
    key, url = config["SECRET_KEY"], urlsplit(config["PUBLIC_URL"])
    production = config["ENV_NAME"] == "production"
    if not key or (production and len(key) < 32):
        raise ConfigError("Set SECRET_KEY to at least 32 random characters.")
    if production and debugging(os.environ):
        raise ConfigError("Debugging lets anybody run programs here: unset FLASK_DEBUG.")
    field_keys = _field_keys(config)
    if not field_keys:
        raise ConfigError("Set FIELD_KEYS to a key from `flask field-keys new`: it seals alarm codes and the like.")
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ConfigError("Set PUBLIC_URL to the full address that people use, such as https://portal.example.com.")
    if production and url.scheme != "https" and url.hostname not in {"127.0.0.1", "localhost"}:
        raise ConfigError("Set PUBLIC_URL to an https address: home access details travel over it.")
    try:
        braintree = choose.settled(config["BRAINTREE"], production=production)
    except choose.ChoiceError as problem:
        raise ConfigError(str(problem)) from problem
    if production and not config["BRAINTREE"].environment:
        log.warning(
            "Online payments are off: set BRAINTREE_ENVIRONMENT and Braintree's keys, or BRAINTREE_ENVIRONMENT=off."
        )
    if config["LOG_FORMAT"] not in {"text", "json"} or config["LOG_LEVEL"].lower() not in _LEVELS:
        raise ConfigError("Set LOG_FORMAT to text or json, and LOG_LEVEL to debug, info, warning or error.")
    if config["METRICS_TOKEN"] and len(config["METRICS_TOKEN"]) < 16:
        raise ConfigError("Set METRICS_TOKEN to at least 16 random characters.")
    https = url.scheme == "https"
    return {
        **config,
        "BRAINTREE": braintree,
        "FIELD_KEYS": field_keys,
        "TRUSTED_HOSTS": hosts.trusted(config),
        "SESSION_COOKIE_SECURE": https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": 12 * 3600,
        "MAX_CONTENT_LENGTH": 16 * 2**20,
        "MAX_FORM_MEMORY_SIZE": 2 * 2**20,
        "MAX_FORM_PARTS": 5000,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(config),
        "BABEL_DEFAULT_LOCALE": "en_US",
        "MAIL_SUPPRESS_SEND": False,
        "FLASK_ADMIN_FLUID_LAYOUT": True,
    }


def debugging(env: Mapping[str, str]) -> bool:
    """Is Flask's debugger asked for, as Flask reads it?"""
    return env.get("FLASK_DEBUG", "0").lower() not in {"", "0", "false", "no"}


def file_store(config: dict[str, Any]) -> storage.Store:
    """Where uploads lie: what FILES_URL names, or a folder beside the data. ConfigError when it cannot be one."""
    folder = Path(config["DATA_DIR"]) / "files"
    try:
        return storage.from_config(config.get("FILES_URL", ""), endpoint=config.get("FILES_ENDPOINT"), folder=folder)
    except ValueError as problem:
        raise ConfigError("Set FILES_URL to s3://bucket or s3://bucket/prefix, or leave it empty.") from problem
    except ImportError as problem:
        raise ConfigError("FILES_URL needs boto3: pip install 'latchkey[s3]'.") from problem


def backup_store(config: dict[str, Any]) -> storage.Store:
    """Where backups lie: `backups` below the folder or in the bucket that BACKUP_URL names, else in DATA_DIR.

    ConfigError when it cannot be one, or when BACKUP_KEY is no key.
    """
    url = config["BACKUP_URL"]
    try:
        sealed_files.use_keys(config["BACKUP_KEY"].replace(",", " ").split())
        if url and "://" not in url:
            return storage.LocalStore(Path(url).resolve())
        return storage.from_config(url, endpoint=config["BACKUP_ENDPOINT"], folder=Path(config["DATA_DIR"]))
    except ValueError as problem:
        raise ConfigError("Set BACKUP_URL to a folder or s3://bucket/prefix, and BACKUP_KEY to a key from `flask field-keys new`, or leave them empty.") from problem  # fmt: skip
    except ImportError as problem:
        raise ConfigError("BACKUP_URL needs boto3: pip install 'latchkey[s3]'.") from problem


def payment_gateway(config: dict[str, Any]) -> PaymentGateway:
    """The gateway that BRAINTREE_ENVIRONMENT names; the built-in one where nothing is set, none in production."""
    return choose.gateway(config["BRAINTREE"], Path(config["DATA_DIR"]))
