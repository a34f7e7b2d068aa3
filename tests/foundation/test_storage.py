"""The file store: random keys, and no name of anybody's choice ever reaches the disk."""

import pytest

from foundation.storage import LocalStore


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "files")


def test_put_gives_a_key_under_which_the_bytes_are_found(store):
    key = store.put(b"picture", folder="logos", suffix="webp")
    assert (store.read(key), key.split("/")[0], key.rsplit(".", 1)[1]) == (b"picture", "logos", "webp")


def test_put_twice_gives_two_keys_and_leaves_no_half_written_file(store):
    keys = {store.put(b"same", folder="logos", suffix="webp") for _ in range(2)}
    assert {p.name for p in (store.root / "logos").iterdir()} == {k.split("/")[1] for k in keys}


def test_delete_forgets_the_file_and_may_be_repeated(store):
    key = store.put(b"picture", folder="logos", suffix="webp")
    store.delete(key)
    store.delete(key)
    assert store.read(key) is None


@pytest.mark.parametrize(
    "key", ["", "logos/../../etc/passwd", "/etc/passwd", "logos/short.webp", "logos/" + "a" * 32, "LOGOS/" + "a" * 32 + ".webp",
            "logos/" + "a" * 32 + ".webp\n", "logos/" + "a" * 32 + ".webp.part"],
)  # fmt: skip
def test_read_of_a_name_that_is_no_key_finds_nothing(store, key):
    assert store.read(key) is None


def test_delete_of_a_name_that_is_no_key_is_refused(store):
    with pytest.raises(ValueError, match="not a storage key"):
        store.delete("../../latchkey.db")
