"""Routes of the demo storefront, under a language prefix."""

from __future__ import annotations

from django.urls import path, re_path

from shop.storefront import (
    account,
    browsing,
    cart,
    checkout,
    consent,
    demo,
    errors,
    hidden,
    home,
    login,
    orders,
    privacy,
    privately,
    product,
    theme,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("search/", browsing.search, name="search"),
    path("suggest/", browsing.suggest, name="suggest"),
    path("c/<path:path>/", browsing.category, name="category"),
    path("p/<str:product_id>/review/", product.review, name="review"),
    path("p/<str:product_id>/", product.product, name="product"),
    path("p/<str:product_id>/<slug:slug>/", product.product, name="product"),
    path("cart/", cart.cart, name="cart"),
    path("cart/add/", cart.cart_add, name="cart_add"),
    path("cart/add-many/", cart.cart_add_many, name="cart_add_many"),
    path("cart/update/", cart.cart_update, name="cart_update"),
    path("cart/accept/", cart.cart_accept, name="cart_accept"),
    path("cart/link/", cart.cart_link, name="cart_link"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("order/<str:token>/", orders.order, name="order"),
    path("order/<str:token>/again/", account.reorder, name="reorder"),
    path("account/", account.account, name="account"),
    path("account/address/", account.address, name="address_new"),
    path("account/address/<int:pk>/", account.address, name="address"),
    path("account/address/<int:pk>/delete/", account.address_delete, name="address_delete"),
    path("account/password/", privately.private(login.PasswordChange.as_view()), name="password_change"),
    path("login/", login.Login.as_view(), name="login"),
    path("logout/", login.Logout.as_view(), name="logout"),
    path("register/", login.register_page, name="register"),
    path("password/", login.PasswordReset.as_view(), name="password_reset"),
    path("password/sent/", login.PasswordResetSent.as_view(), name="password_reset_done"),
    path("password/<uidb64>/<token>/", login.PasswordResetSet.as_view(), name="password_reset_confirm"),
    path("privacy/", privacy.privacy, name="privacy"),
    path("privacy/personal-rows/", privacy.personalisation, name="personalisation"),
    path("privacy/export/", privacy.export, name="export"),
    path("privacy/erase/", privacy.erase, name="erase"),
    path("not-interested/", hidden.not_interested, name="not_interested"),
    path("theme/", theme.set_theme, name="theme"),
    path("consent/", consent.consent, name="consent"),
    path("demo/switch/", demo.switch, name="demo_switch"),
    path("about-demo/", demo.about, name="about_demo"),
    # Last: with DEBUG an address that leads nowhere would be answered by Django's page for developers.
    re_path(r"^.+/$", errors.not_found),
]
