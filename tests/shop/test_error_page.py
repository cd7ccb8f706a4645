"""The page for what went wrong on our side: it needs no database, speaks the shopper's language and leads on."""

from __future__ import annotations

import pytest
from django.utils import translation

from shop.storefront.errors import server_error


@pytest.mark.parametrize(
    ("language", "lang", "words"), [("en", "en", "Something broke"), ("zh-hans", "zh-Hans", "搜索")]
)
def test_it_speaks_the_language_and_offers_search_without_the_database(rf, language, lang, words) -> None:
    # Without the mark for it, a test that touches the database fails.
    with translation.override(language):
        response = server_error(rf.get("/"))
    page = response.content.decode()
    assert response.status_code == 500
    assert f'<html lang="{lang}">' in page
    assert f'action="/{lang[:2]}/search/"' in page
    assert words in page
