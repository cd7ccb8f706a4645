"""The words of the catalogue: what a mistyped word may have meant, and what suggestions begin with."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.utils.translation import gettext_lazy as _


class SearchWord(models.Model):
    """A word that stands in names, brands or categories of products."""

    word = models.CharField(primary_key=True, max_length=64)
    products = models.PositiveIntegerField(help_text=_("In how many, when all were last counted."))

    class Meta:
        verbose_name = _("search word")
        verbose_name_plural = _("search words")
        indexes = [
            GinIndex(OpClass(models.F("word"), name="gin_trgm_ops"), name="search_word_trigram"),
            models.Index(OpClass(models.F("word"), name="text_pattern_ops"), name="search_word_prefix"),
        ]

    def __str__(self) -> str:
        return self.word
