"""Names in docstrings and comments lead somewhere: what was moved or renamed is said anew where it is spoken of."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

import recommender

ROOT = Path(__file__).parents[2]
ROOMS = ("config", "shop", "recommender", "push")
FILES = sorted(path for room in (*ROOMS, "benchmarks", "tests") for path in (ROOT / room).rglob("*.py"))
REFERENCE = re.compile(rf":(?:mod|func|class|meth|data|attr|exc):`~?((?:{'|'.join(ROOMS)})\.[\w.]+)`")
# In prose; "0013" is enough of a decision's name, NAME stands for any.
PATH = re.compile(rf"(?<![\w/.-])((?:{'|'.join(ROOMS)}|docs|tests|benchmarks)/[\w./-]*\w\.(?:py|md))\b")


def spoken(text: str) -> list[str]:
    """Docstrings and comments, roughly: what is between three quotation marks, or behind a sign."""
    return [*re.findall(r'"""(.*?)"""', text, re.S), *re.findall(r"(?:^|\s)#\s(.*)", text)]


def found(reference: str) -> bool:
    """Whether a dotted name is a module, or something in one; fields of a class count by their annotation."""
    parts = reference.split(".")
    for end in range(len(parts), 0, -1):
        try:
            here = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError as missing:
            if not reference.startswith(missing.name or "-"):
                # A part that is not installed here.
                return True
            continue
        for name in parts[end:]:
            if name in getattr(here, "__annotations__", {}):
                return True
            if not hasattr(here, name):
                return False
            here = getattr(here, name)
        return True
    return False


def test_the_table_of_folders_names_each_of_the_recommender_and_no_other() -> None:
    folders = {path.name for path in (ROOT / "recommender").iterdir() if (path / "__init__.py").is_file()}
    told = set(re.findall(r"^\| ``(\w+)/`` \|", recommender.__doc__ or "", re.M))
    assert told == folders - {"migrations", "management", "templatetags"}


def test_paths_in_the_documentation_lead_somewhere() -> None:
    """But for decisions, which say what was there when they were taken."""
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "docs").glob("[!d]*/*.md"),
    ]
    wrong = [
        (page.name, each)
        for page in pages
        for each in set(PATH.findall(page.read_text()))
        if "NAME" not in each and not (ROOT / each).exists()
    ]
    assert wrong == []


@pytest.mark.parametrize("room", [*ROOMS, "benchmarks", "tests"])
def test_references_and_paths_in_the_code_lead_somewhere(room) -> None:
    wrong = []
    for path in FILES:
        if path.relative_to(ROOT).parts[0] != room:
            continue
        said = " ".join(spoken(path.read_text()))
        wrong += [(path.name, each) for each in set(REFERENCE.findall(said)) if not found(each)]
        wrong += [
            (path.name, each) for each in set(PATH.findall(said)) if "NAME" not in each and not (ROOT / each).exists()
        ]
    assert wrong == []
