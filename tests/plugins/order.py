"""What takes longest begins first, where several processes share the tests: no core stands idle at the end beside one long test.

It also keeps most browsers in one process, which waits for its Chromium while the other computes.
"""

import pytest

#: folders whose tests take seconds each, the slowest first
LONG = (
    "tests/chaos/", "tests/scale/", "tests/browser/", "tests/archives/", "tests/demo/", "tests/languages/", "tests/faults/",
    "tests/mails/", "tests/access/", "tests/properties/",
)  # fmt: skip


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=place)


def place(item: pytest.Item) -> int:
    return next((n for n, folder in enumerate(LONG) if item.nodeid.startswith(folder)), len(LONG))
