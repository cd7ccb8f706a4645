"""The form of a review."""

from __future__ import annotations

from typing import ClassVar

from django import forms
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shop.catalogue.models import Review
from shop.catalogue.reviewing import count_ratings


class ReviewForm(forms.ModelForm):
    """Stars, and words if somebody has any."""

    rating = forms.TypedChoiceField(
        label=_("Stars"),
        coerce=int,
        choices=[(n, str(n)) for n in range(5, 0, -1)],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one to five stars.")},
    )

    class Meta:
        model = Review
        fields: ClassVar = ["rating", "title", "text"]
        labels: ClassVar = {"title": _("In one line"), "text": _("What should others know?")}
        widgets: ClassVar = {"text": forms.Textarea(attrs={"rows": 4, "maxlength": 4000})}

    @transaction.atomic
    def save(self, commit: bool = True) -> Review:
        """Keep the review, and the product's average and count in line with it."""
        review: Review = super().save(commit)
        count_ratings([review.product_id])
        return review
