"""Django's own auth views with our forms, for tests of what stands behind them."""

from __future__ import annotations

from django.contrib.auth import views
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from config.urls import urlpatterns as site
from shop.people.forms import LoginForm, PasswordResetForm


def whoami(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"visitor": request.visitor.id, "user": request.user.pk})


urlpatterns = [
    path(
        "login",
        views.LoginView.as_view(
            authentication_form=LoginForm, template_name="shop/account/login.html", next_page="/whoami"
        ),
        name="login",
    ),
    path("logout", views.LogoutView.as_view(next_page="/whoami"), name="logout"),
    path("reset", views.PasswordResetView.as_view(form_class=PasswordResetForm, success_url="/whoami")),
    path("reset/<uidb64>/<token>", views.PasswordResetConfirmView.as_view(), name="password_reset_confirm"),
    path("change", views.PasswordChangeView.as_view(success_url="/whoami")),
    path("whoami", whoami, name="home"),
    *site,
]
