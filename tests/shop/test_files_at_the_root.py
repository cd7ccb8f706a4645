"""What browsers ask for at the root is there; a file that is not there is a 404, no page of the storefront."""

from __future__ import annotations

import pytest

from tests.factories.catalogue import make_product


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/p/nope.svg", "/p/nope.png", "/sitemap.xml", "/static/nope.css", "/wp-login.php"])
def test_a_file_that_is_not_there_is_not_found(client, path) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response["Content-Type"] == "text/plain"


@pytest.mark.django_db
def test_a_page_without_a_language_leads_to_the_page_with_one(client) -> None:
    product = make_product(id="4711.5")
    assert client.get("/search/?q=tea")["Location"] == "/en/search/?q=tea"
    assert client.get(f"/p/{product.pk}/")["Location"].startswith("/en/p/4711.5/")


@pytest.mark.parametrize(
    ("path", "begins"),
    [("favicon.ico", b"\x00\x00\x01\x00"), ("apple-touch-icon.png", b"\x89PNG"), ("icon-512.png", b"\x89PNG")],
)
def test_icons_are_at_the_root(client, path, begins) -> None:
    response = client.get(f"/{path}")
    assert response.status_code == 200
    assert b"".join(response).startswith(begins)


def test_the_manifest_names_the_shop_and_icons_that_are_there(client, settings) -> None:
    settings.SHOP_NAME = "Corner Shop"
    response = client.get("/manifest.webmanifest")
    assert response["Content-Type"] == "application/manifest+json"
    manifest = response.json()
    assert manifest["name"] == "Corner Shop"
    assert [client.get(icon["src"]).status_code for icon in manifest["icons"]] == [200, 200]
