"""The version is what the changelog says, wherever it is shown."""

from __future__ import annotations

import pytest

from config.version import CHANGELOG, VERSION, version_of


@pytest.mark.parametrize(
    ("changelog", "version"),
    [
        ("# Changelog\n\n## Unreleased\n\n### Added\n\n- Everything.\n", "0.1.0.dev0"),
        ("## Unreleased\n\n- New.\n\n## 0.4.2 (2027-01-05)\n\n- Old.\n", "0.5.0.dev0"),
        ("## Unreleased\n\n## 0.4.2 (2027-01-05)\n\n- Old.\n", "0.4.2"),
        ("## [1.10.0] - 2027-02-01\n\n- New.\n\n## 1.9.3\n\n- Old.\n", "1.10.0"),
        ("## 2.0.0rc1\n\n- Try.\n\n## 1.9.3\n", "2.0.0rc1"),
        ("## Unreleased\n\n- New.\n\n## 1.9.3\n\n- Old.\n", "1.10.0.dev0"),
        ("# Notes\n\n## Thanks 2 all\n", "0+unknown"),
    ],
)
def test_the_newest_heading_says_the_version(changelog: str, version: str):
    assert version_of(changelog) == version


def test_the_version_of_this_copy_is_read_from_its_changelog():
    assert version_of(CHANGELOG.read_text()) == VERSION
    assert VERSION != "0+unknown"


@pytest.mark.django_db
def test_operators_see_it_in_the_admin_and_machines_at_their_pages(client, admin_client, settings):
    settings.DEBUG = True
    assert f"Pushcart {VERSION}" in admin_client.get("/admin/").content.decode()
    assert client.get("/readyz").json()["version"] == VERSION
    assert f'pushcart_build_info{{version="{VERSION}"}} 1.0' in client.get("/metrics").content.decode()
