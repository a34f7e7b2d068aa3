"""The house is in order: locks match what is declared, and generated pages match the code."""

import configparser
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]


def locked(name: str) -> dict[str, str]:
    """Package -> version of a lock file."""
    lines = (ROOT / "requirements" / name).read_text("utf-8").splitlines()
    return {
        match[1]: match[2] for line in lines if (match := re.match(r"([a-z0-9.-]+)(?:\[[a-z0-9,]+\])?==(\S+)", line))
    }


def declared() -> list[Requirement]:
    """What setup.cfg says the product needs."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", "utf-8")
    lines = setup["options"]["install_requires"].splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def group(name: str) -> list[Requirement]:
    """What a dependency group of pyproject.toml names, with the groups that it includes."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    found: list[Requirement] = []
    for entry in groups[name]:
        found += group(entry["include-group"]) if isinstance(entry, dict) else [Requirement(entry)]
    return found


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("app.txt", declared() + group("build")),
        ("dev.txt", declared() + group("dev")),
        ("node.txt", group("node")),
        ("audit.txt", group("audit")),
        ("s3.txt", declared() + [Requirement("boto3>=1.40")]),
    ],
)
def test_lock_holds_everything_declared_in_an_allowed_version(lock, wanted):
    versions = locked(lock)
    unmet = [str(need) for need in wanted if versions.get(need.name.lower(), "") not in need.specifier]
    assert unmet == [], "run: make lock"


def test_both_locks_agree_on_what_the_product_runs_on():
    app, dev, s3 = locked("app.txt"), locked("dev.txt"), locked("s3.txt")
    assert {name: dev.get(name) for name in app} == app
    assert {name: dev.get(name) for name in s3} == s3


@pytest.mark.parametrize(
    "path",
    [
        "requirements/app.txt",
        "requirements/dev.txt",
        "requirements/node.txt",
        "requirements/audit.txt",
        "requirements/s3.txt",
        "package-lock.json",
    ],
)
def test_lock_names_no_place_to_download_from(path):
    text = (ROOT / path).read_text("utf-8")
    assert re.findall(r'--(?:extra-)?index-url|--find-links|file:/|"resolved"', text) == []


def test_generated_pages_are_up_to_date():
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_file_for_spreadsheets_is_made_safe_where_it_is_written():
    """Who writes rows by hand says `safe_cell`; the others go through `admin_site.export`."""
    found = []
    for path in sorted(ROOT.glob("*/**/*.py")):
        if path.relative_to(ROOT).parts[0] in {"tests", "benchmarks", "node_modules", ".venv", "docs"}:
            continue
        text = path.read_text("utf-8")
        if "csv.writer" in text or "xlsxwriter" in text or "DictWriter" in text or "openpyxl" in text:
            found.append(path.name)
            # Excel's sheets become CSV in memory while they are read; nobody gets that.
            written = [line for line in text.splitlines() if re.search(r"\bwriterows?\(", line)]
            assert path.name == "excel.py" or (written and all("safe_cell(" in line for line in written)), path
    assert sorted(found) == ["excel.py", "export.py", "imports.py"]


def test_every_line_of_the_security_list_is_closed_by_a_test_that_exists_or_a_reason():
    lines = tomllib.loads((ROOT / "docs" / "security.toml").read_text("utf-8"))
    wanted = [f"G{n}" for n in range(1, 23)] + [f"A{n:02}" for n in range(1, 41)]
    wanted += [f"T{n}" for n in range(1, 13)] + [f"V{n}" for n in range(1, 17)]
    assert list(lines) == wanted
    there = {}
    for name, line in lines.items():
        assert line.keys() <= {"title", "how", "tests", "because"}, name
        assert line.get("tests") or line.get("because"), name
        for test in line.get("tests", ()):
            file, _colons, function = test.partition("::")
            if file not in there:
                there[file] = set(re.findall(r"^(?:    )?def (test_\w+)", (ROOT / "tests" / file).read_text("utf-8"), re.MULTILINE))  # fmt: skip
            assert function in there[file], (name, test)
