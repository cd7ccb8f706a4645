"""Logging in, registering and passwords: Django's own views with the shop's forms and templates.

What a login brings together (cart, visitor) is shop/people/signals.py.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import login, views
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from shop.people import consents
from shop.people.forms import LoginForm, PasswordResetForm, RegisterForm
from shop.people.registering import AddressTaken, register
from shop.storefront.acts import note
from shop.storefront.privately import private
from shop.storefront.returning import safe_next

BACKEND = "django.contrib.auth.backends.ModelBackend"
# Which wording of "send me offers" was agreed to; a new wording gets a new name.
CONSENT_TEXT = "offers-1"


class Login(views.LoginView):
    """The login page."""

    template_name = "shop/account/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        """Log in and record it."""
        response = super().form_valid(form)
        note(self.request, "logged_in")
        return response


class Logout(views.LogoutView):
    """Log out; what comes next belongs to nobody known (shop/events/visitors.py gives the browser a new id)."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Record it while it is still known who left."""
        note(request, "logged_out")
        return super().post(request, *args, **kwargs)


@private
def register_page(request: HttpRequest) -> HttpResponse:
    """Make an account and log in."""
    if request.user.is_authenticated:
        return redirect("account")
    form = RegisterForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            shopper = register(data["email"], data["password"], name=data["name"], locale=get_language() or "en")
        except AddressTaken as taken:
            form.add_error("email", str(taken))
        else:
            if data["marketing"]:
                consents.give(shopper, "email", source="account", text_version=CONSENT_TEXT)
            login(request, shopper.user, backend=BACKEND)
            messages.success(request, _("Welcome. Your account is ready."))
            return HttpResponseRedirect(
                safe_next(request, reverse("account")) if request.POST.get("next") else reverse("account")
            )
    context = {"form": form, "next": request.POST.get("next", request.GET.get("next", ""))}
    return render(request, "shop/account/register.html", context, status=422 if form.errors else 200)


class PasswordReset(views.PasswordResetView):
    """Ask for a link to set a new password."""

    form_class = PasswordResetForm
    template_name = "shop/account/password_reset.html"
    email_template_name = "shop/account/password_reset_email.txt"
    subject_template_name = "shop/account/password_reset_subject.txt"


class PasswordResetSent(views.PasswordResetDoneView):
    """The link is on its way."""

    template_name = "shop/account/password_reset_sent.html"


class PasswordResetSet(views.PasswordResetConfirmView):
    """Set the new password."""

    template_name = "shop/account/password_reset_set.html"
    post_reset_login = True
    post_reset_login_backend = BACKEND
    success_url = reverse_lazy("account")


class PasswordChange(views.PasswordChangeView):
    """Change the password of the account."""

    template_name = "shop/account/password_change.html"
    success_url = reverse_lazy("account")

    def form_valid(self, form: Any) -> HttpResponse:
        """Say that it is done."""
        messages.success(self.request, _("Your password is changed."))
        return super().form_valid(form)
