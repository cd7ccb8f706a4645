"""The reference of recommendations: a Django view that answers ready-made octets, without middleware, database or anything else."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

if not settings.configured:
    settings.configure(ROOT_URLCONF=__name__, MIDDLEWARE=[], ALLOWED_HOSTS=["*"], SECRET_KEY="bare", USE_I18N=False)

from django.core.wsgi import get_wsgi_application

CONTENT = b'{"items":"%s"}' % (b"x" * 2000)


def slate(request: HttpRequest) -> HttpResponse:
    """As many octets as a slate of ten."""
    headers = {"Content-Length": str(len(CONTENT))}
    return HttpResponse(CONTENT, content_type="application/json", headers=headers)


urlpatterns = [path("", slate)]
application = get_wsgi_application()
