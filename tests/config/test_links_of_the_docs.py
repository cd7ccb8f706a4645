"""Every relative link and picture of every Markdown file leads to a file, and to a heading of it where it names one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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
