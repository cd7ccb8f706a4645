"""Forms of Pushcart's own pages: their fields in the dress of ``static/config/admin.css``, drawn by ``field.html``."""

from __future__ import annotations

from typing import Any

from django import forms


class Dressed(forms.BaseForm):
    """To be mixed into a form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        for field in self.fields.values():
            if not isinstance(field.widget, forms.CheckboxInput):
                field.widget.attrs["class"] = "field"
