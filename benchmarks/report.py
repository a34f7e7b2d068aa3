"""The tables that a run prints, in Markdown; each row says which of its figures are met."""

import math
from collections.abc import Iterable, Sequence

from benchmarks import server
from benchmarks.done import Done
from benchmarks.measures import Measured, Reading, Written
from benchmarks.papers import KEPT, LINES, OVERHEAD, Drawn
from benchmarks.tiers import Tier

EVEN, FIRST_VISIT_KB, LIKE = 3, 80, 0.8
WRITE_SHARE, WRITE_P99, WRITES = 1 / 25, 200, 100
#: p50 may grow so much when the data grow so many times
WORKER_MB, GROWTH, GROWN = 250, 1.3, 3


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [" | ".join(heads), " | ".join("---" for _ in heads), *(" | ".join(row) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines)


def _share(part: float) -> str:
    return f"1/{1 / part:.1f}" if part else "0"


def _number(value: float, form: str = ".1f") -> str:
    return "" if math.isnan(value) else format(value, form)


def reading(found: Reading, kind: str) -> str:
    """Pages: speed, size, share of the floor, stock's ratio, and what is missed."""
    heads = (
        "page", "queries", "req/s", "CPU ms", "p50 ms", "p95 ms", "p99 ms", "KB", "share of hello", "x stock", "x Django", "x Django, counts kept",
        "p99/p50 alone", "first visit KB", "figures",
    )  # fmt: skip
    floor = found.floor
    f = floor.load
    rows = [["hello (the floor)", "0", f"{f.per_second:.0f}", f"{floor.cpu_ms:.2f}", f"{f.p50:.1f}", f"{f.p95:.1f}", f"{f.p99:.1f}", "", "1", "", "", "", "", "", ""]]  # fmt: skip
    for m in found.pages:
        o = m.outcome.load
        stock, django, kept = (f"{r.speed:.1f} (CPU {r.cpu:.1f})" if r else "" for r in (m.stock, m.django, m.kept))
        missed = misses(m, kind)
        rows.append([
            m.page.name, str(m.queries), f"{o.per_second:.0f}", f"{m.outcome.cpu_ms:.1f}", f"{o.p50:.1f}", f"{o.p95:.1f}", f"{o.p99:.1f}", f"{o.size / 1024:.0f}",
            f"{_share(m.share.speed)} (CPU {_share(m.share.cpu)})", stock, django, kept, _number(m.evenness), _number(m.first_visit_kb, ".0f"),
            "; ".join(missed) if missed else "all met",
        ])  # fmt: skip
    text = table(heads, rows)
    peak = f"\nPeak memory of a web worker: {found.memory.peak:.0f} MB (now {found.memory.rss:.0f} MB, of that {found.memory.own:.0f} MB its own)."
    absent = f"\nNot there yet: {', '.join(found.absent)}." if found.absent else ""
    return text + peak + absent


def misses(m: Measured, kind: str) -> list[str]:
    """Which figures this page misses, in words."""
    page = m.page
    of_stock, of_django = (ratios[kind == "postgresql"] for ratios in (page.ratios, page.django_ratios))
    checks = [
        (m.queries > page.queries, f"MISSED: at most {page.queries} queries"),
        (m.share.speed < page.share, f"MISSED: share {_share(page.share)}"),
        (page.kb is not None and m.outcome.load.size > page.kb * 1024, f"MISSED: at most {page.kb} KB"),
        (m.stock is not None and m.stock.speed < of_stock, f"MISSED: {of_stock} x stock"),
        (m.django is not None and m.django.speed < of_django, f"MISSED: {of_django} x Django"),
        (m.like is not None and m.like.speed < LIKE, f"MISSED: {LIKE} x page 1"),
        (m.evenness > EVEN, f"MISSED: p99 at most {EVEN} x p50"),
        (m.first_visit_kb > FIRST_VISIT_KB, f"MISSED: first visit at most {FIRST_VISIT_KB} KB"),
    ]  # fmt: skip
    return [text for missed, text in checks if missed]


def writes(found: Sequence[Written], kind: str) -> str:
    """Write loads, a row a step, and what the database says afterwards."""
    heads = ("write load", "step", "p50 ms", "p95 ms", "p99 ms", "longest ms", "requests sent/s", "HTTP requests/s", "share of hello", "errors", "lost", "figures")  # fmt: skip
    rows = []
    for w in found:
        o = w.outcome
        sent, asked = o.acknowledged / o.seconds, o.n_asked / o.seconds
        errors = ", ".join(f"{n} x {what}" for what, n in o.errors.items()) or "none"
        whole = [
            f"{sent:.0f}",
            f"{asked:.0f}",
            _share(asked / w.floor.load.per_second),
            errors,
            "; ".join(w.missing) or "none",
        ]
        missed = "; ".join(_write_misses(w, kind)) or "all met"
        for n, (step, (p50, p95, p99, longest)) in enumerate(o.steps.items()):
            times = [f"{t:.0f}" for t in (p50, p95, p99, longest)]
            rows.append(
                [w.name if n == 0 else "", step, *times, *(whole if n == 0 else [""] * 5), missed if n == 0 else ""]
            )
    seconds = found[0].outcome.seconds if found else 0
    peak = max((w.memory.peak for w in found), default=0)
    return (
        table(heads, rows)
        + f"\n8 writers over 4 processes for {seconds:.0f} s each; peak memory of a worker {peak:.0f} MB."
    )


def _write_misses(w: Written, kind: str) -> list[str]:
    o = w.outcome
    asked = o.n_asked / o.seconds
    checks = [
        (bool(o.errors), "MISSED: no error"),
        (bool(w.missing), "MISSED: none lost"),
        (o.steps["send"][2] > WRITE_P99, f"MISSED: p99 at most {WRITE_P99} ms"),
        (kind == "sqlite" and asked < WRITES, f"MISSED: {WRITES}/s"),
        (asked < WRITE_SHARE * w.floor.load.per_second, f"MISSED: share {_share(WRITE_SHARE)}"),
    ]
    return [text for missed, text in checks if missed]


def bulk(found: Sequence[Done]) -> str:
    """Work on many rows."""
    heads = ("job", "how many", "seconds", "a second", "figures")
    rows = []
    for one in found:
        missed = one.per_second < one.least
        met = f"MISSED: {one.least:,.0f} a second" if missed else "all met" if one.least else ""
        rows.append([one.name, f"{one.n:,}", f"{one.seconds:.1f}", f"{one.per_second:,.0f}", met])
    return table(heads, rows)


def papers(found: Drawn) -> str:
    """An invoice as PDF beside bare xhtml2pdf, and the kept copy."""
    heads = ("an invoice as PDF", "ms", "beside", "KB", "figures")
    over, kept = found.ours / found.bare, found.kept / found.ours
    rows = [
        ["bare xhtml2pdf on the same HTML", f"{found.bare:.0f}", "1", "", ""],
        [f"{LINES} lines, drawn", f"{found.ours:.0f}", f"{over:.2f} x bare", f"{found.n_bytes / 1024:.0f}", "all met" if over <= OVERHEAD else f"MISSED: at most {OVERHEAD} x bare"],
        ["the kept copy", f"{found.kept:.1f}", f"{_share(kept)} of drawing", "", "all met" if kept <= KEPT else f"MISSED: at most {_share(KEPT)} of drawing"],
    ]  # fmt: skip
    return table(heads, rows)


def memory(found: Sequence[tuple[int, server.Memory]]) -> str:
    """Memory after so many requests."""
    heads = ("mixed requests", "resident MB", "of that its own MB", "peak MB")
    rows = [[f"{n:,}", f"{m.rss:.0f}", f"{m.own:.0f}", f"{m.peak:.0f}"] for n, m in found]
    (_, first), (_, second) = found[-2:]
    grown = second.rss - first.rss
    verdict = "met" if first.rss <= WORKER_MB else "MISSED"
    return table(heads, rows) + f"\nAt most {WORKER_MB} MB: {verdict}. Growth over the second 10,000: {grown:+.1f} MB."


def growth(found: Sequence[tuple[Tier, dict[str, tuple[int, float]]]]) -> str:
    """p50 of each page in each tier; the largest beside the one before it, if that has at least a third of its data."""
    (before, old), (largest, new) = found[-2:]
    is_judged = largest.visits <= GROWN * before.visits
    named = [f"{tier.name} ({tier.visits:,} visits)" for tier, _pages in found]
    heads = ("page", "queries", *(f"p50 ms, {name}" for name in named), f"{largest.name} / {before.name}", "figures")
    rows = []
    for name, (queries, p50) in new.items():
        if name not in old:
            continue
        ratio, n_before = p50 / old[name][1], old[name][0]
        missed = [f"MISSED: at most {GROWTH} times"] if ratio > GROWTH else []
        missed += [f"MISSED: {n_before} queries before"] if queries > n_before else []
        times = [f"{pages[name][1]:.1f}" if name in pages else "" for _tier, pages in found]
        rows.append([name, str(queries), *times, f"{ratio:.2f}", ("; ".join(missed) or "all met") if is_judged else ""])
    return table(heads, rows)
