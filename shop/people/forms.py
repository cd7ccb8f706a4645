"""Forms of Django's own auth views, for users who log in by e-mail address and whose addresses are encrypted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.forms import PasswordResetForm as DjangoPasswordResetForm
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from shop.people.models import User

EMAIL_ATTRIBUTES = {"autocomplete": "email", "inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}


class LoginForm(AuthenticationForm):
    """E-mail address and password (``LoginView.authentication_form``)."""

    username = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={**EMAIL_ATTRIBUTES, "autocomplete": "username"}),
    )
    error_messages = {
        "invalid_login": _("This address and password do not belong together. Capitals matter in the password."),
        "inactive": _("This account is closed."),
    }


class PasswordResetForm(DjangoPasswordResetForm):
    """Asks for the address; found by its keyed hash (``PasswordResetView.form_class``)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("E-mail address")

    def get_users(self, email: str) -> Iterable[Any]:
        """The active user with this address who can log in, if there is one."""
        user = User.objects.by_email(email)
        return [user] if user is not None and user.is_active and user.has_usable_password() else []


class PasswordMixin(forms.Form):
    """A new password, checked against the site's rules; pasting works, there is one field."""

    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html,
    )

    def _validate_password(self, user: User) -> None:
        if password := self.cleaned_data.get("password"):
            try:
                validate_password(password, user)
            except ValidationError as error:
                self.add_error("password", error)


class RegisterForm(PasswordMixin):
    """A new account. Whether the address is taken is said by :func:`shop.people.registering.register`."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs=EMAIL_ATTRIBUTES))
    name = forms.CharField(
        label=_("Name"), max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    marketing = forms.BooleanField(label=_("Send me offers by e-mail"), required=False, initial=False)

    field_order = ["email", "name", "password", "marketing"]

    def clean(self) -> dict[str, Any]:
        """Check the password against the address and name too."""
        data = super().clean() or self.cleaned_data
        self._validate_password(User(email=data.get("email", ""), name=data.get("name", "")))
        return data


class AccountAfterOrderForm(PasswordMixin):
    """Only a password: address and name are the order's."""

    def clean(self) -> dict[str, Any]:
        """Check the password."""
        data = super().clean() or self.cleaned_data
        self._validate_password(User())
        return data
