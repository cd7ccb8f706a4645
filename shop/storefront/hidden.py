"""Products a shopper waved off ("not interested"): shown in no row again. Kept with the account, or in the browser's session."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shop.catalogue.models import Product
from shop.storefront.acts import note
from shop.storefront.basket import shopper_of
from shop.storefront.numbers import uuid_or_none
from shop.storefront.returning import back

SESSION_KEY = "not_interested"
MOST = 200


def hidden_products(request: HttpRequest) -> list[str]:
    """Ids of the products that whoever sent ``request`` waved off."""
    if shopper := shopper_of(request):
        return list(shopper.attributes.get(SESSION_KEY, []))
    return list(request.session.get(SESSION_KEY, []))


@require_POST
def not_interested(request: HttpRequest) -> HttpResponse:
    """Hide a product from rows."""
    product = Product.objects.filter(pk=request.POST.get("product", "")).first()
    if product is not None:
        hidden = [*(pk for pk in hidden_products(request) if pk != product.pk), product.pk][-MOST:]
        if shopper := shopper_of(request):
            shopper.attributes[SESSION_KEY] = hidden
            shopper.save(update_fields=["attributes", "updated_at"])
        else:
            request.session[SESSION_KEY] = hidden
        note(
            request,
            "product_dismissed",
            product_id=product.pk,
            slate_id=uuid_or_none(request.POST.get("slate", "")),
        )
        messages.success(request, _("%(name)s will not be suggested again.") % {"name": product.name})
    if request.headers.get("HX-Request"):
        return render(request, "shop/parts/toast.html", {"oob": True})
    return back(request)
