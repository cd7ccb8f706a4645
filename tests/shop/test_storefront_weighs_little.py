"""The budget of a page: what a phone must load before it can be used (design: 25 KB of CSS, 40 KB of JavaScript, compressed)."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from tests.factories.catalogue import make_product

pytestmark = pytest.mark.django_db


def compressed(paths):
    return sum(len(gzip.compress(Path(finders.find(path)).read_bytes())) for path in paths)


@pytest.fixture
def page(client):
    return client.get(f"/en/p/{make_product().pk}/").content.decode()


def test_styles_and_scripts_stay_within_the_budget(page):
    styles = re.findall(r'rel="stylesheet" href="/static/([^"?]+)', page)
    scripts = re.findall(r'<script[^>]* src="/static/([^"?]+)', page)
    assert styles
    assert scripts
    assert compressed(styles) <= 25_000
    assert compressed(scripts) <= 40_000


def test_every_picture_has_its_size_so_that_nothing_jumps(page):
    pictures = re.findall(r"<img[^>]*>", page)
    assert pictures
    assert [each for each in pictures if not re.search(r'width="\d+" height="\d+"', each)] == []


def test_the_policy_allows_no_foreign_host_and_no_inline_code(client):
    policy = client.get("/en/").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    hosts = re.findall(r"https?://([^\s:/;]+)", policy)
    assert set(hosts) <= {"127.0.0.1", "localhost"}, "the live pages' own port, nothing else"
