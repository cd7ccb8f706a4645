"""``GET /api/v1/recommendations/{slot}``: a plain view on the short path, no serializer."""

from __future__ import annotations

import orjson
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from recommender.serving.reasons import reason_text
from recommender.serving.recommending import MOST, recommend
from recommender.serving.slates import SLOTS, Slate
from shop.api import problems
from shop.api.keys import KeyInfo, find_key, token_of

SCOPE = "recommendations:read"
LONGEST_ID = 128
NOTE_SHOPPER = "shopper_id was not used: it needs a secret key, or a visitor who is logged in as that shopper."


@require_safe
def recommendations(request: HttpRequest, slot: str) -> HttpResponse:
    """Answer with a slate; never cached, since stock and session may change within a second."""
    key = find_key(token_of(request))
    if key is None:
        header = {"WWW-Authenticate": 'Bearer realm="pushcart"'}
        return problems.response(
            "not_authenticated", 401, "This API key is missing, unknown or revoked.", headers=header
        )
    if not key.allows(SCOPE):
        return problems.response("permission_denied", 403, f"This API key lacks the scope {SCOPE}.")
    if slot not in SLOTS:
        return problems.response("not_found", 404, f"No slot {slot!r}: there are {', '.join(SLOTS)}.")
    errors = _errors(request)
    if errors:
        return problems.response("invalid", 400, "Some parameters are wrong.", errors=errors)
    return _answer(request, slot, key)


def _errors(request: HttpRequest) -> list[dict[str, str]]:
    wrong = []
    k = request.GET.get("k", "10")
    if not (k.isascii() and k.isdigit() and 1 <= int(k[:6]) <= MOST):
        wrong.append({"parameter": "k", "code": "invalid", "message": f"a whole number from 1 to {MOST}"})
    for name in ("visitor_id", "shopper_id", "product_id"):
        value = request.GET.get(name, "")
        if len(value) > LONGEST_ID or "\x00" in value:
            wrong.append({"parameter": name, "code": "invalid", "message": f"at most {LONGEST_ID} characters, no NUL"})
    return wrong


def _answer(request: HttpRequest, slot: str, key: KeyInfo) -> HttpResponse:
    given = request.GET
    language = given.get("language", "en")
    shopper_id = given.get("shopper_id", "")
    trusted = key.is_secret or not shopper_id
    slate = recommend(
        slot,
        visitor_id=given.get("visitor_id", ""),
        shopper_id=shopper_id if trusted else "",
        product_id=given.get("product_id", ""),
        k=int(given.get("k", "10")),
        exclude=[product_id for product_id in given.get("exclude", "").split(",") if product_id],
        language=language,
        personalised=given.get("personalised", "1") not in ("0", "false", "no"),
    )
    content = orjson.dumps(body(slate, language, "" if trusted else NOTE_SHOPPER))
    return HttpResponse(content, content_type="application/json", headers={"Cache-Control": "private, no-store"})


def body(slate: Slate, language: str, note: str = "") -> dict[str, object]:
    """The JSON of a slate: reasons in words, and their codes for who makes words of their own."""
    answer: dict[str, object] = {
        "slate_id": str(slate.slate_id),
        "slot": slate.slot,
        "heading": reason_text(slate.heading, language),
        "items": [
            {
                "product_id": item.product_id,
                "score": round(item.score, 6),
                "reason": reason_text(item.reason, language),
                "reason_code": item.reason.code,
                "source": item.source,
            }
            for item in slate.items
        ],
        "model": slate.model,
        "variant": slate.variant,
        "fallback": slate.fallback,
    }
    if note or slate.note:
        answer["note"] = note or slate.note
    return answer
