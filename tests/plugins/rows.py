"""The contract's rows: `@pytest.mark.covers("B4")` names what a test proves, `--rows "B4 C1"` runs only those tests.

A named row that no test covers fails the run: a typo must not look like success.
"""

import re

import pytest

ROW = re.compile(r"[A-Z]\d+")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rows",
        default="",
        metavar="ROWS",
        help='run only tests whose covers marker names one of these rows, e.g. --rows "B4 C1"',
    )


def pytest_configure(config: pytest.Config) -> None:
    for row in wanted(config):
        if not ROW.fullmatch(row):
            raise pytest.UsageError(f"--rows takes names like B4 or C1, not {row!r}")
    config.pluginmanager.register(Tally(wanted(config)), "rows-tally")


def wanted(config: pytest.Config) -> list[str]:
    """The rows asked for, in that order; none means all tests."""
    return (
        list(dict.fromkeys(re.split(r"[\s,]+", config.getoption("--rows").strip())))
        if config.getoption("--rows")
        else []
    )


def covered(item: pytest.Item) -> set[str]:
    """The rows that a test names, on itself, its class or its module."""
    return {row for marker in item.iter_markers("covers") for row in marker.args}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        rows = covered(item)
        for row in rows:
            if not isinstance(row, str) or not ROW.fullmatch(row):
                raise pytest.UsageError(f"{item.nodeid}: covers() takes names like 'B4', not {row!r}")
        item.user_properties.append(("covers", sorted(rows)))
    if rows := set(wanted(config)):
        chosen = [item for item in items if rows & covered(item)]
        config.hook.pytest_deselected(items=[item for item in items if not rows & covered(item)])
        items[:] = chosen


class Tally:
    """Counts the asked-for rows' tests. Reports also reach the process that gathers what xdist's workers did."""

    def __init__(self, rows: list[str]) -> None:
        self.outcomes: dict[str, list[str]] = {row: [] for row in rows}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            for row in dict(report.user_properties).get("covers", ()):
                if row in self.outcomes:
                    self.outcomes[row].append(report.outcome)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        is_worker = hasattr(session.config, "workerinput")
        if not is_worker and not session.config.option.collectonly and not all(self.outcomes.values()):
            session.exitstatus = session.exitstatus or pytest.ExitCode.NO_TESTS_COLLECTED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.outcomes:
            return
        terminalreporter.section("contract rows")
        for row, outcomes in self.outcomes.items():
            counts = ", ".join(f"{outcomes.count(kind)} {kind}" for kind in dict.fromkeys(outcomes))
            terminalreporter.line(f"{row:<5}{counts or 'NO TEST'}", green=set(outcomes) == {"passed"}, red=not counts)
