"""`python -m benchmarks`: fill, serve, load, and print the tables; `--help` lists the options.

The load comes from this machine over loopback. Shares compare a page with the hello route of the same server in the
same run; on another machine only they can be compared.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks import bulk, databases, measures, papers, report
from benchmarks.measures import Run
from benchmarks.tiers import LARGE, QUICK, SHARES, Tier, grown


def main() -> int:
    options = _options()
    wanted = ["sqlite", "postgresql"] if options.database == "both" else [options.database]
    if "postgresql" in wanted and not databases.has_postgresql():
        databases.say("No PostgreSQL server answers (TEST_POSTGRES_URL); it is left out.")
        wanted.remove("postgresql")
    print(f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}", flush=True)
    for kind in wanted:
        with tempfile.TemporaryDirectory(prefix="latchkey-bench-") as folder:
            _measure(kind, options, Path(folder))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--database", choices=["both", "sqlite", "postgresql", "postgres"], default="both")
    parser.add_argument("--quick", action="store_true", help="a twentieth of the data, a second a page: does it run?")
    parser.add_argument("--seconds", type=float, default=5, help="for each page (5)")
    parser.add_argument("--write-seconds", type=float, default=60, help="for each write load (60); 0 leaves them out")
    parser.add_argument("--only", default="", help="only pages with this in their name; nothing is written")
    parser.add_argument("--memory", action="store_true", help="instead: a worker's memory over 20,000 mixed requests")
    parser.add_argument("--jobs", action="store_true", help="instead: only the bulk work and the files")
    parser.add_argument("--papers", action="store_true", help="instead: an invoice as PDF, drawn and kept")
    parser.add_argument(
        "--growth", nargs="?", const="all", type=_tiers, metavar="TIER,TIER",
        help=f"instead: p50 of every page in several tiers, of {', '.join(SHARES)} (tenth, large and triple)",
    )  # fmt: skip
    parser.add_argument("--keep", action="store_true", help="keep the filled databases for the next run of this week")
    options = parser.parse_args()
    options.database = {"postgres": "postgresql"}.get(options.database, options.database)
    if options.quick:
        options.seconds, options.write_seconds = min(options.seconds, 1), min(options.write_seconds, 3)
    return options


def _tiers(text: str) -> list[str]:
    """Two tiers or more, the smaller ones first."""
    names = (
        ["tenth", "large", "triple"] if text == "all" else sorted(set(text.split(",")), key=lambda n: SHARES.get(n, 0))
    )
    if len(names) < 2 or not set(names) <= set(SHARES):
        raise argparse.ArgumentTypeError(f"name two or more of {', '.join(SHARES)}")
    return names


def _measure(kind: str, options: argparse.Namespace, folder: Path) -> None:
    base = QUICK if options.quick else LARGE
    if options.growth:
        _measure_growth(kind, [grown(base, name) for name in options.growth], options, folder)
        return
    with databases.filled(kind, base, folder, keep=options.keep) as url:
        run = Run(url, folder, base, options.seconds, options.only)
        title = f"\n## {kind}: {base.clients:,} clients, {base.pets:,} pets, {base.visits:,} visits"
        if options.papers:
            print(f"{title}, papers\n\n{report.papers(papers.measure(run))}", flush=True)
        elif options.jobs:
            print(f"{title}, jobs\n\n{report.bulk(bulk.all_jobs(run))}", flush=True)
        elif options.memory:
            print(f"{title}, memory\n\n{report.memory(measures.memory(run))}", flush=True)
        else:
            print(f"{title}\n\n{report.reading(measures.read(run), kind)}", flush=True)
            if options.write_seconds and not options.only:
                print(f"\n{report.writes(measures.write(run, options.write_seconds), kind)}", flush=True)
                print(f"\n{report.bulk(bulk.all_jobs(run))}", flush=True)


def _measure_growth(kind: str, tiers: Sequence[Tier], options: argparse.Namespace, folder: Path) -> None:
    """All tiers stand side by side, and each page is asked of all of them in turn."""
    with ExitStack() as kept:
        runs = [
            Run(kept.enter_context(databases.filled(kind, tier, folder, keep=options.keep)), folder, tier, options.seconds, options.only)
            for tier in tiers
        ]  # fmt: skip
        found = list(zip(tiers, measures.alone(runs), strict=True))
    print(f"\n## {kind}: growth\n\n{report.growth(found)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
