"""Language prefixes of the storefront: ``/en/`` and ``/zh/``.

Django's code for simplified Chinese is ``zh-hans``; shoppers and search engines get the short ``zh``. Reading a path needs
nothing of ours (Django takes ``zh`` for ``zh-hans``), only writing one does.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotFound, HttpResponseRedirect
from django.middleware.locale import LocaleMiddleware
from django.urls import URLResolver, is_valid_path
from django.urls.resolvers import LocalePrefixPattern
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language, get_language_from_path


def short_code() -> str:
    """The current language without its script: ``en`` or ``zh``."""
    return (get_language() or settings.LANGUAGE_CODE).split("-")[0]


class ShortLocalePrefixPattern(LocalePrefixPattern):
    """``i18n_patterns``' prefix with the language alone, without its script."""

    @property
    def language_prefix(self) -> str:
        """``en/`` or ``zh/``."""
        return short_code() + "/"


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
        if response.status_code == 404 and (found := _with_language(request)):
            # Django looks for a page under its own code, of which there is none in Chinese.
            moved = HttpResponseRedirect(found)
            patch_vary_headers(moved, ("Accept-Language", "Cookie"))
            return moved
        return super().process_response(request, response)


def _with_language(request: HttpRequest) -> str:
    """The address under the short code of the reader's language; empty where there is no page, or the address has a language."""
    path = f"/{short_code()}{request.path_info}"
    if get_language_from_path(request.path_info) or request.path_info.startswith("/api/"):
        return ""
    slash = "" if path.endswith("/") else "/"
    urlconf = getattr(request, "urlconf", settings.ROOT_URLCONF)
    if not is_valid_path(path, urlconf) and not is_valid_path(path + slash, urlconf):
        return ""
    return f"/{short_code()}{request.get_full_path(force_append_slash=not is_valid_path(path, urlconf))}"
