"""Files that people give us, kept outside the web root under random keys: in a folder, or in any S3-compatible store.

Nothing here knows a database. Whoever keeps a key in a row deletes the bytes only after the commit that took the row
away, and what a rolled-back transaction left behind is found by `keys`.
"""

import datetime as dt
import io
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

_KEY = re.compile(r"[a-z]+/[A-Za-z0-9_-]{16,64}\.[a-z0-9]{1,5}")


class StoreAwayError(RuntimeError):
    """The store cannot be reached, or refuses us; what was asked may be tried again later."""


class Store(Protocol):
    """Where files lie. Keys look like `logos/<random>.webp` and are the only names that ever reach it."""

    def put(self, data: bytes, *, folder: str, suffix: str) -> str:
        """Keep the bytes and return their new key; a key never shows half of them."""

    def take(self, stream: BinaryIO, *, key: str) -> None:
        """Keep what a stream holds, of any size, under a key of `new_key` or of another store; over what is there."""

    def open(self, key: str) -> BinaryIO | None:
        """The bytes as a stream to be closed, or None for a key that is not there or not one of ours."""

    def read(self, key: str) -> bytes | None:
        """All bytes at once, or None as above."""

    def delete(self, key: str) -> None:
        """Forget the file; a key that is gone already is no error, a name that is no key is a bug (ValueError)."""

    def keys(self, *, before: dt.datetime) -> Iterator[str]:
        """The keys of all files that were put before that moment."""

    def reach(self) -> None:
        """StoreAwayError unless the store is there; asked often, so it costs little and waits a moment only."""


def new_key(folder: str, suffix: str) -> str:
    """A key that nothing lies under yet, for `Store.take`."""
    return _checked(f"{folder}/{secrets.token_urlsafe(24)}.{suffix}")


def is_key(name: str) -> bool:
    """Could a file of ours lie under this name?"""
    return _KEY.fullmatch(name) is not None


def _checked(key: str) -> str:
    if not is_key(key):
        raise ValueError("not a storage key")
    return key


def _settle(folder: Path) -> None:
    """Have the disk remember the folder's newest name as well."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class LocalStore:
    """A folder of this machine. What was put survives a power cut; a full disk is a StoreAwayError."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes, *, folder: str, suffix: str) -> str:
        """Written under another name first, so a key never shows half."""
        key = new_key(folder, suffix)
        self.take(io.BytesIO(data), key=key)
        return key

    def take(self, stream: BinaryIO, *, key: str) -> None:
        """See `Store`."""
        path = self._path(key)
        part = path.with_name(path.name + ".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as out:
                shutil.copyfileobj(stream, out)
                out.flush()
                os.fsync(
                    out.fileno()
                )  # the row that names it is on the disk after its commit, so its bytes must be, too
            part.replace(path)
            _settle(path.parent)
        except OSError as problem:
            part.unlink(missing_ok=True)  # what there is of it takes room on a disk that is full
            raise StoreAwayError(f"cannot write: {problem.strerror}") from problem

    def open(self, key: str) -> BinaryIO | None:
        """See `Store`."""
        try:
            return self._path(key).open("rb")
        except (FileNotFoundError, ValueError):
            return None

    def read(self, key: str) -> bytes | None:
        """See `Store`."""
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, ValueError):
            return None

    def delete(self, key: str) -> None:
        """See `Store`."""
        self._path(key).unlink(missing_ok=True)

    def keys(self, *, before: dt.datetime) -> Iterator[str]:
        """See `Store`."""
        for path in self.root.glob("*/*"):
            key = path.relative_to(self.root).as_posix()
            try:
                is_old = path.stat().st_mtime < before.timestamp()
            except FileNotFoundError:  # deleted while we look
                continue
            if is_old and _KEY.fullmatch(key):
                yield key

    def reach(self) -> None:
        """See `Store`; writes a few bytes, so that a full or read-only disk is found."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root) as probe:
                probe.write(b"ready")
        except OSError as problem:
            raise StoreAwayError(str(problem)) from problem

    def _path(self, key: str) -> Path:
        return self.root / _checked(key)


class S3Store:
    """A bucket of any store that speaks S3, through boto3, which is an extra and imported here only.

    Who we are is said in the usual variables (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION, or a
    role of the machine). Every trouble with the store is a StoreAwayError.
    """

    def __init__(self, bucket: str, prefix: str = "", *, endpoint: str | None = None) -> None:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        self.bucket, self.prefix = bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._troubles = (BotoCoreError, ClientError)
        self._refusals = ClientError
        # Stores other than Amazon's often know neither addresses by bucket name nor the newer checksums.
        usual = Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"total_max_attempts": 3},
            s3={"addressing_style": "path"} if endpoint else None,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        hasty = usual.merge(Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1}))
        self._client: Any = boto3.client("s3", endpoint_url=endpoint, config=usual)
        self._hasty: Any = boto3.client("s3", endpoint_url=endpoint, config=hasty)

    def put(self, data: bytes, *, folder: str, suffix: str) -> str:
        """See `Store`."""
        key = new_key(folder, suffix)
        self._ask("put_object", Key=self.prefix + key, Body=data)
        return key

    def take(self, stream: BinaryIO, *, key: str) -> None:
        """See `Store`; large ones go in parts."""
        try:
            self._client.upload_fileobj(stream, self.bucket, self.prefix + _checked(key))
        except self._troubles as problem:
            raise StoreAwayError(str(problem)) from problem

    def open(self, key: str) -> BinaryIO | None:
        """See `Store`."""
        if not _KEY.fullmatch(key):
            return None
        try:
            found = self._client.get_object(Bucket=self.bucket, Key=self.prefix + key)
        except self._refusals as problem:
            if problem.response.get("Error", {}).get("Code") in {"NoSuchKey", "404"}:
                return None
            raise StoreAwayError(str(problem)) from problem
        except self._troubles as problem:
            raise StoreAwayError(str(problem)) from problem
        body: BinaryIO = found["Body"]
        return body

    def read(self, key: str) -> bytes | None:
        """See `Store`."""
        stream = self.open(key)
        if stream is None:
            return None
        try:
            return stream.read()
        except self._troubles as problem:
            raise StoreAwayError(str(problem)) from problem
        finally:
            stream.close()

    def delete(self, key: str) -> None:
        """See `Store`."""
        self._ask("delete_object", Key=self.prefix + _checked(key))

    def keys(self, *, before: dt.datetime) -> Iterator[str]:
        """See `Store`."""
        more: dict[str, str] = {}
        while True:
            page = self._ask("list_objects_v2", Prefix=self.prefix, **more)
            for found in page.get("Contents", ()):
                key = found["Key"].removeprefix(self.prefix)
                if found["LastModified"] < before and _KEY.fullmatch(key):
                    yield key
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def reach(self) -> None:
        """See `Store`; a list of one key, which needs no further right. Over a connection that is soon out of patience."""
        try:
            self._hasty.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)
        except self._troubles as problem:
            raise StoreAwayError(str(problem)) from problem

    def _ask(self, what: str, **details: Any) -> Any:  # noqa: ANN401 -- boto3's answers have no types
        try:
            return getattr(self._client, what)(Bucket=self.bucket, **details)
        except self._troubles as problem:
            raise StoreAwayError(str(problem)) from problem


def from_config(files_url: str, *, endpoint: str | None, folder: Path) -> Store:
    """The store that FILES_URL names: empty for the folder, s3://bucket/prefix for a bucket; else ValueError."""
    if not files_url:
        return LocalStore(folder)
    parts = urlsplit(files_url)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
        raise ValueError("FILES_URL is no s3:// address")
    return S3Store(parts.netloc, parts.path, endpoint=endpoint or None)


class _Process:
    """The process's store."""

    def __init__(self) -> None:
        self.store: Store | None = None


_process = _Process()


def use(store: Store) -> None:
    """Make it the store of this process."""
    _process.store = store


def here() -> Store:
    """The store of this process."""
    if _process.store is None:
        raise RuntimeError("no store: call use first")
    return _process.store
