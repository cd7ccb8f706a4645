"""Language prefixes of the storefront: ``/en/`` and ``/zh/``.

Django's code for simplified Chinese is ``zh-hans``; shoppers and search engines get the short ``zh``. Reading a path needs
nothing of ours (Django takes ``zh`` for ``zh-hans``), only writing one does.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotFound
from django.middleware.locale import LocaleMiddleware
from django.urls import URLResolver
from django.urls.resolvers import LocalePrefixPattern
from django.utils.translation import get_language


class ShortLocalePrefixPattern(LocalePrefixPattern):
    """``i18n_patterns``' prefix with the language alone, without its script."""

    @property
    def language_prefix(self) -> str:
        """``en/`` or ``zh/``."""
        return (get_language() or settings.LANGUAGE_CODE).split("-")[0] + "/"


def language_patterns(*urls: Any) -> list[URLResolver]:
    """Like Django's ``i18n_patterns``, with :class:`ShortLocalePrefixPattern`."""
    return [URLResolver(ShortLocalePrefixPattern(prefix_default_language=True), list(urls))]


class LanguageMiddleware(LocaleMiddleware):
    """Django's, which sends an address without a language to the page that has one; files (``/p/1042.svg``) have none."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        """A file that is not there is a plain 404."""
        name = request.path_info.rsplit("/", 1)[-1]
        if response.status_code == 404 and "." in name and not request.path_info.startswith(("/en/", "/zh/", "/api/")):
            response = HttpResponseNotFound("Not found.\n", content_type="text/plain")
            response["Content-Language"] = "en"
            return response
        return super().process_response(request, response)
