"""The version, read from CHANGELOG.md: nothing else says it, so nothing can say another."""

from __future__ import annotations

import re
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"
UNKNOWN = "0+unknown"
HEADING = re.compile(r"^## +\[?(Unreleased|\d+(?:\.\d+)+(?:(?:a|b|rc)\d+)?)\]?(?= |$)", re.MULTILINE)


def version_of(changelog: str) -> str:
    """The version that a changelog, newest heading first, describes (PEP 440).

    A released heading on top is the version. Lines under "Unreleased" make it the development version of the next minor one;
    nothing under it: what was released last still stands.
    """
    headings = list(HEADING.finditer(changelog))
    released = [heading for heading in headings if heading[1] != "Unreleased"]
    if not headings:
        return UNKNOWN
    end = headings[1].start() if len(headings) > 1 else len(changelog)
    changed = "- " in changelog[headings[0].end() : end]
    if released and (headings[0] is released[0] or not changed):
        return released[0][1]
    if not released:
        return "0.1.0.dev0"
    major, minor = re.findall(r"\d+", released[0][1])[:2]
    return f"{major}.{int(minor) + 1}.0.dev0"


def read_version() -> str:
    """The version of this copy; :data:`UNKNOWN` where the changelog was left out, in an image for example."""
    try:
        return version_of(CHANGELOG.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return UNKNOWN


VERSION = read_version()
