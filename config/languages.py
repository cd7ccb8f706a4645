"""Language prefixes of the storefront: ``/en/`` and ``/zh/``.

Django's code for simplified Chinese is ``zh-hans``; shoppers and search engines get the short ``zh``. Reading a path needs
nothing of ours (Django takes ``zh`` for ``zh-hans``), only writing one does.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
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
