"""Every relative link and picture of every Markdown file leads to a file, and to a heading of it where it names one."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.core.management import get_commands

BASE_DIR = Path(__file__).resolve().parents[2]
PAGES = sorted([*BASE_DIR.glob("*.md"), *(BASE_DIR / "docs").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Of the headings of ``page``, as forges and MyST make them."""
    headings = re.findall(r"^#+ +(.+)$", CODE.sub(lambda match: match[0].strip("`"), page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(BASE_DIR)))
def test_every_relative_link_leads_somewhere(page: Path):
    lost = []
    for target in LINK.findall(CODE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            lost.append(target)
    assert lost == []


def test_every_page_of_the_docs_is_in_one_of_the_four_modes_or_a_decision():
    modes = {"tutorial", "how-to", "reference", "explanation", "decisions"}
    of_their_own = {"index.md", "benchmarks.md"}
    found = {page.relative_to(BASE_DIR / "docs") for page in (BASE_DIR / "docs").rglob("*.md")}
    assert {str(page) for page in found if page.parts[0] not in modes} - of_their_own == set()


def named(pattern: str) -> dict[str, set[str]]:
    """What ``pattern`` finds in the pages, with the pages that name it; figures and plans of the past stand in decisions."""
    found: dict[str, set[str]] = {}
    for page in PAGES:
        if page.parent.name != "decisions":
            for name in re.findall(pattern, page.read_text()):
                found.setdefault(name, set()).add(page.name)
    return found


def test_every_command_that_the_pages_name_is_there():
    commands = named(r"manage\.py ([a-z_]+)")
    assert {name: commands[name] for name in commands.keys() - get_commands().keys()} == {}
    modules = named(r"python -m ((?:config|benchmarks)[a-z_.]*[a-z])")
    assert {name: modules[name] for name in modules if find_spec(name) is None} == {}
    targets = named(r"`(?:[A-Z]+=\S+ )*make ([a-z-]+)")
    there = set(re.findall(r"^([a-z-]+):", (BASE_DIR / "Makefile").read_text(), re.MULTILINE))
    assert {name: targets[name] for name in targets.keys() - there} == {}
    assert len(commands) > 5
    assert len(modules) > 5
    assert len(targets) > 5


def test_every_file_of_ours_that_the_pages_name_is_there():
    files = named(r"`((?:config|shop|recommender|push|tests|benchmarks|docs)/[\w./-]+\.\w+)`")
    assert {name: files[name] for name in files if not (BASE_DIR / name).exists() and "NAME" not in name} == {}


def test_each_complaint_of_users_of_others_is_answered_by_tests_that_there_are():
    text = (BASE_DIR / "docs/explanation/what-users-of-others-miss.md").read_text()
    rows = dict(re.findall(r"^\| (\d+)\. .*\| (.*?) \|$", text, re.MULTILINE))
    assert list(rows) == [str(n) for n in range(1, 15) if n != 12]
    for number, cell in rows.items():
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", cell)
        assert named, f"{number} names no test"
        lost = [name for path, name in named if f"def {name}(" not in (BASE_DIR / path).read_text()]
        assert lost == [], number
