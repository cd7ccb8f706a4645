"""Pictures of products by URL: ``/p/<id>.svg`` for pages, ``/p/<id>.png?w=240`` for e-mails. Drawn when asked, cached by ETag."""

from __future__ import annotations

import hashlib

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseNotModified
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from shop.catalogue.models import Product
from shop.catalogue.packshots import PICTURE_WIDTHS, Picture, png, svg

# A picture depends on brand, size and attributes alone, so it rarely changes; a day later browsers ask again, with the ETag.
CACHE = "public, max-age=86400, stale-while-revalidate=604800"
# Raised when the drawings change.
EDITION = 1


@require_safe
def product_picture(request: HttpRequest, product_id: str, form: str) -> HttpResponse:
    """One picture; ``w`` is the width of a PNG, one of :data:`shop.catalogue.packshots.PICTURE_WIDTHS`."""
    product = Product.objects.filter(pk=product_id).only("brand", "size", "attributes").first()
    if product is None:
        raise Http404("no such product")
    width = 0
    if form == "png":
        asked = request.GET.get("w", "240")
        if asked not in map(str, PICTURE_WIDTHS):
            # Not a 404: those without a language are sent on to the pages that have one.
            return HttpResponseBadRequest(
                f"w is one of {', '.join(map(str, PICTURE_WIDTHS))}", content_type="text/plain"
            )
        width = int(asked)
    etag = (
        f'"{hashlib.blake2s(repr((EDITION, Picture.of(product), form, width)).encode(), digest_size=10).hexdigest()}"'
    )
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response: HttpResponse = HttpResponseNotModified()
    elif form == "png":
        response = HttpResponse(png(product, width), content_type="image/png")
    else:
        response = HttpResponse(svg(product), content_type="image/svg+xml")
    response["ETag"], response["Cache-Control"] = etag, CACHE
    return response
