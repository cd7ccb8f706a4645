"""Routes of the demo storefront, under a language prefix."""

from __future__ import annotations

from django.contrib.auth import views as auth_views
from django.urls import path
from django.views.generic import TemplateView

from shop.storefront import browsing, cart, consent, home, product, theme

stub = TemplateView.as_view(template_name="shop/stub.html")

urlpatterns = [
    path("", home.home, name="home"),
    path("search/", browsing.search, name="search"),
    path("suggest/", browsing.suggest, name="suggest"),
    path("c/<path:path>/", browsing.category, name="category"),
    path("p/<str:product_id>/", product.product, name="product"),
    path("p/<str:product_id>/<slug:slug>/", product.product, name="product"),
    path("cart/", cart.cart, name="cart"),
    path("cart/add/", cart.cart_add, name="cart_add"),
    path("cart/update/", cart.cart_update, name="cart_update"),
    path("theme/", theme.set_theme, name="theme"),
    path("consent/", consent.consent, name="consent"),
    path("account/", stub, name="account"),
    path("login/", auth_views.LoginView.as_view(template_name="shop/stub.html"), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("privacy/", stub, name="privacy"),
    path("about-demo/", stub, name="about_demo"),
]
