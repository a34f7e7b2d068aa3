"""The file store, one contract for the folder and for S3: random keys, and no name of anybody's choice reaches it.

The S3 store talks to moto's server, in a process of its own on this machine.
"""

import datetime as dt
import io
import os
import re
import socket
import sys

import boto3
import pytest

from application.config import ConfigError, file_store
from foundation import storage
from foundation.storage import LocalStore, S3Store, StoreAwayError
from tests import s3_server


@pytest.fixture(scope="module")
def s3_address():
    """The address of an S3 server that lives as long as these tests."""
    with s3_server.serving() as address:
        yield address


@pytest.fixture
def at_amazon(monkeypatch):
    """Who we are for the server, in the usual variables."""
    for name, value in s3_server.AS_SOMEBODY.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bucket(s3_address, at_amazon):
    """An empty bucket."""
    client = boto3.client("s3", endpoint_url=s3_address)
    client.create_bucket(Bucket="paws")
    for found in client.list_objects_v2(Bucket="paws").get("Contents", ()):
        client.delete_object(Bucket="paws", Key=found["Key"])
    yield "paws"
    client.close()


@pytest.fixture(params=["folder", "s3"])
def store(request, tmp_path):
    """Both stores."""
    if request.param == "folder":
        return LocalStore(tmp_path / "files")
    request.getfixturevalue("bucket")
    return S3Store("paws", "/latchkey/", endpoint=request.getfixturevalue("s3_address"))


LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


def all_keys(store):
    return set(store.keys(before=LATER))


# ------------------------------------------------------------------------------------------- the contract of both


def test_put_gives_a_key_under_which_the_bytes_are_found(store):
    key = store.put(b"picture", folder="logos", suffix="webp")
    assert (store.read(key), key.split("/")[0], key.rsplit(".", 1)[1]) == (b"picture", "logos", "webp")


def test_put_twice_gives_two_keys_and_leaves_nothing_else(store):
    keys = {store.put(b"same", folder="logos", suffix="webp") for _ in range(2)}
    assert (len(keys), all_keys(store)) == (2, keys)


def test_open_gives_the_bytes_piece_by_piece(store):
    data = os.urandom(300_000)
    with store.open(store.put(data, folder="files", suffix="pdf")) as stream:
        pieces = list(iter(lambda: stream.read(100_000), b""))
    assert ([len(p) for p in pieces], b"".join(pieces)) == ([100_000] * 3, data)


def test_a_store_that_is_there_is_reached_and_holds_nothing_more_for_it(store, tmp_path):
    store.reach()
    assert all_keys(store) == set()
    assert list(tmp_path.glob("files/*")) == []


def test_an_empty_file_is_a_file(store):
    assert store.read(store.put(b"", folder="files", suffix="txt")) == b""


def test_delete_forgets_the_file_and_may_be_repeated(store):
    key, other = (store.put(b"picture", folder="logos", suffix="webp") for _ in range(2))
    store.delete(key)
    store.delete(key)
    assert (store.read(key), store.open(key), store.read(other)) == (None, None, b"picture")


def test_keys_are_those_of_files_from_before_that_moment(store):
    key = store.put(b"picture", folder="logos", suffix="webp")
    assert list(store.keys(before=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))) == []
    assert all_keys(store) == {key}


NO_KEYS = [
    "", "logos/../../etc/passwd", "/etc/passwd", "logos/short.webp", "logos/" + "a" * 32, "LOGOS/" + "a" * 32 + ".webp",
    "logos/" + "a" * 32 + ".webp\n", "logos/" + "a" * 32 + ".webp.part", "logos/../logos/" + "a" * 32 + ".webp", "logos\\" + "a" * 32 + ".webp", "lo\0gos/" + "a" * 32 + ".webp",
]  # fmt: skip


@pytest.mark.parametrize("key", NO_KEYS)
def test_a_name_that_is_no_key_finds_nothing_and_deletes_nothing(store, key):
    assert (store.read(key), store.open(key)) == (None, None)
    with pytest.raises(ValueError, match="not a storage key"):
        store.delete(key)


@pytest.mark.parametrize(("folder", "suffix"), [("..", "webp"), ("a/b", "webp"), ("files", "p/df"), ("files", ""), ("", "pdf")])  # fmt: skip
def test_put_refuses_folders_and_suffixes_that_are_more_than_words(store, folder, suffix):
    with pytest.raises(ValueError, match="not a storage key"):
        store.put(b"x", folder=folder, suffix=suffix)
    assert all_keys(store) == set()


# ------------------------------------------------------------------------------------------------------ each alone


def test_the_folder_shows_no_file_that_is_half_written(tmp_path):
    store = LocalStore(tmp_path)
    key = store.put(b"whole", folder="files", suffix="pdf")
    (tmp_path / f"{key}.part").write_bytes(b"ha")
    (tmp_path / "files" / "notes.txt").write_bytes(b"of somebody else")
    assert all_keys(store) == {key}


def test_s3_keeps_to_its_prefix(bucket, s3_address):
    one, other = S3Store(bucket, "one", endpoint=s3_address), S3Store(bucket, endpoint=s3_address)
    key = one.put(b"mine", folder="files", suffix="pdf")
    assert (all_keys(one), all_keys(other), other.read(key)) == ({key}, set(), None)
    client = boto3.client("s3", endpoint_url=s3_address)
    assert [o["Key"] for o in client.list_objects_v2(Bucket=bucket)["Contents"]] == [f"one/{key}"]


def test_s3_lists_beyond_the_first_thousand(bucket, s3_address):
    store, client = S3Store(bucket, endpoint=s3_address), boto3.client("s3", endpoint_url=s3_address)
    keys = {f"files/{n:032}.pdf" for n in range(1001)}
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=b"")
    assert all_keys(store) == keys


def test_s3_tells_a_missing_file_from_a_missing_bucket(s3_address, at_amazon):
    gone = S3Store("nowhere", endpoint=s3_address)
    for doing in (
        lambda: gone.read("files/" + "a" * 32 + ".pdf"),
        lambda: gone.put(b"x", folder="files", suffix="pdf"),
        lambda: gone.delete("files/" + "a" * 32 + ".pdf"),
        lambda: all_keys(gone),
    ):
        with pytest.raises(StoreAwayError):
            doing()


def test_s3_says_so_when_nobody_answers(at_amazon, unused_port):
    with pytest.raises(StoreAwayError):
        S3Store("paws", endpoint=f"http://127.0.0.1:{unused_port}").read("files/" + "a" * 32 + ".pdf")


@pytest.fixture
def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]  # bound and not listening: refused


# ----------------------------------------------------------------------------------------------------- the choice


def test_without_an_address_files_lie_in_the_data_folder(tmp_path):
    store = file_store({"DATA_DIR": str(tmp_path), "FILES_URL": ""})
    assert isinstance(store, LocalStore)
    assert store.root == tmp_path / "files"


def test_an_s3_address_names_bucket_and_prefix(at_amazon, tmp_path):
    config = {"DATA_DIR": str(tmp_path), "FILES_URL": "s3://paws/a/b/", "FILES_ENDPOINT": "http://127.0.0.1:9"}
    store = file_store(config)
    assert (type(store), store.bucket, store.prefix) == (S3Store, "paws", "a/b/")


@pytest.mark.parametrize("url", ["s3://", "paws", "http://paws/a", "s3:///a", "s3://paws?x=1", "s3://[paws"])
def test_another_address_is_refused_at_the_start(tmp_path, url):
    with pytest.raises(ConfigError, match="Set FILES_URL"):
        file_store({"DATA_DIR": str(tmp_path), "FILES_URL": url})


def test_without_boto3_the_start_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ConfigError, match=re.escape("pip install 'latchkey[s3]'")):
        file_store({"DATA_DIR": str(tmp_path), "FILES_URL": "s3://paws"})


def test_the_process_has_the_store_of_its_app(app):
    storage.use(app.extensions["store"])
    assert storage.here() is app.extensions["store"]


def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path):
    store, key = LocalStore(tmp_path), storage.new_key("photos", "jpg")
    (tmp_path / "photos").mkdir()
    (tmp_path / f"{key}.part").symlink_to("/dev/full")  # every write there finds no room
    with pytest.raises(StoreAwayError, match="No space left"):
        store.take(io.BytesIO(b"x"), key=key)
    assert (store.read(key), list((tmp_path / "photos").iterdir())) == (None, [])
    store.take(io.BytesIO(b"x"), key=key)
    assert store.read(key) == b"x"
