"""What endpoints on the short path share, which are plain views: methods, key, query read into a struct, problems on the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
import structlog
from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from shop.api import cors, problems
from shop.api.bodies import BodyTooLarge, BodyUnreadable, read_body
from shop.api.keys import UNKNOWN_KEY, KeyInfo, find_key, lacks, origin_allowed

log = structlog.get_logger(__name__)

JSON = "application/json"
RETRY_AFTER = {"Retry-After": "2"}
_PATH = re.compile(r" - at `\$\.?([^`]*)`$")
_INDEX = re.compile(r"\[(\d+|\.\.\.)\]")
_UNKNOWN = re.compile(r"unknown field `([^`]*)`")
_MISSING = re.compile(r"missing required field `([^`]*)`")
# The zone of a time whose plus was not escaped arrives behind a blank.
_UNESCAPED_PLUS = re.compile(r"^(\d{4}-\d\d-\d\dT\S+) (\d\d:?\d\d)$")

Query = TypeVar("Query", bound=msgspec.Struct)
Answer = TypeVar("Answer", bound=HttpResponseBase)


class Stop(Exception):
    """Answer with this response."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


def by_method(request: HttpRequest, answers: Mapping[str, Callable[[HttpRequest], Answer]]) -> Answer | HttpResponse:
    """The frame of a plain view: its methods, what stops on the way, pages of other origins.

    It is around every hot request: the words of methods are put together only where they are said.

    Args:
        answers: method to what answers it; HEAD is answered as GET. In the order in which they are listed.
    """
    method = "GET" if request.method == "HEAD" else request.method or ""
    response: Answer | HttpResponse
    try:
        if method in answers:
            response = answers[method](request)
        elif method == "OPTIONS":
            return cors.preflight(request, _listed(answers))
        else:
            response = _method_not_allowed(_listed(answers))
    except Stop as stop:
        response = stop.response
    return cors.allow(request, response)


def _listed(answers: Iterable[str]) -> str:
    return ", ".join([*answers, "OPTIONS"])


def _method_not_allowed(allowed: str) -> HttpResponse:
    return problems.response("method_not_allowed", 405, f"Allowed: {allowed}.", headers={"Allow": allowed})


def require_key(request: HttpRequest, token: str, scope: str) -> KeyInfo:
    """The key, if it may do this from where it is called.

    Raises:
        Stop: 401, 403, or 503 when it cannot be looked up.
    """
    key = known_key(token, scope)
    if not origin_allowed(key, request):
        raise Stop(problems.response("origin_not_allowed", 403, "This key is not for pages of this origin."))
    return key


def known_key(token: str, scope: str) -> KeyInfo:
    """The key, if it may do this.

    Raises:
        Stop: 401, 403, or 503 when it cannot be looked up.
    """
    try:
        key = find_key(token) if token else None
    except Error as error:
        log.warning("key_not_looked_up", reason=str(error).strip())
        detail = "The API key cannot be checked: the database does not answer. Nothing was taken; send the same request again."
        raise Stop(problems.response("unavailable", 503, detail, headers=RETRY_AFTER)) from None
    if key is None:
        headers = {"WWW-Authenticate": 'Bearer realm="pushcart"'}
        no_key = ("not_authenticated", problems.PROBLEMS["not_authenticated"])
        code, detail = ("authentication_failed", UNKNOWN_KEY) if token else no_key
        raise Stop(problems.response(code, 401, detail, headers=headers))
    if not key.allows(scope):
        raise Stop(problems.response("permission_denied", 403, lacks(scope)))
    return key


def read_query(request: HttpRequest, kind: type[Query]) -> Query:
    """The query string as a struct, which is also its description; an empty parameter counts as not given.

    Raises:
        Stop: 400, an unknown, wrong or repeated parameter is pointed at.
    """
    pairs = _parameters(request)
    given = {name: _UNESCAPED_PLUS.sub(r"\1+\2", value) for name, value in dict(pairs).items() if value}
    for name, value in given.items():
        if "\x00" in value or "\x00" in name:
            raise Stop(wrong_query(name.replace("\x00", ""), "The query holds a NUL character."))
    if kind.__struct_config__.forbid_unknown_fields and (twice := _repeated(name for name, _ in pairs)):
        # Whichever was taken, the other would have no effect.
        raise Stop(wrong_query(twice, problems.REPEATED))
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Stop(undecoded(error, "There is no such parameter.", "Some parameters are wrong.")) from None


def read_json(request: HttpRequest, decode: Callable[[bytes], Query], limit: int, too_large: str) -> Query:
    """The body, of at most ``limit`` bytes, as the struct that a decoder of msgspec makes of it.

    Raises:
        Stop: 413 with the words ``too_large``; 400, an unknown or wrong field is pointed at.
    """
    try:
        return decode(read_body(request, limit))
    except BodyTooLarge:
        raise Stop(problems.response("too_large", 413, too_large)) from None
    except BodyUnreadable as error:
        raise Stop(problems.response("parse_error", 400, str(error))) from None
    except msgspec.ValidationError as error:
        raise Stop(undecoded(error)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Stop(problems.response("parse_error", 400, f"The body is no JSON: {error}")) from None


def _parameters(request: HttpRequest) -> list[tuple[str, str]]:
    """Names and values as they came: those of ``request.GET``, without making it."""
    text: str = request.META.get("QUERY_STRING", "")
    if not text.isascii() or text.count("&") >= settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:
        return [(name, value) for name, values in request.GET.lists() for value in values]
    return parse_qsl(text, keep_blank_values=True)


def _repeated(names: Iterable[str]) -> str:
    """The first name that comes again; empty where none does."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""


def undecoded(
    error: msgspec.ValidationError, unknown: str = "There is no such field.", detail: str = "Some fields are wrong."
) -> HttpResponse:
    """A problem that points at what a struct could not take."""
    text = str(error)
    if found := _UNKNOWN.search(text):
        return wrong_field(found[1], unknown, detail)
    path = _PATH.search(text)
    reason = _PATH.sub("", text).replace("`", "")
    pointer = _INDEX.sub(r"/\1", path[1]).replace(".", "/") if path else ""
    if found := _MISSING.search(text):
        return wrong_field(f"{pointer}/{found[1]}".lstrip("/"), "This field is required.", detail, "required")
    return wrong_field(pointer, f"{reason}.", detail)


def wrong_field(
    pointer: str, message: str, detail: str = "Some fields are wrong.", code: str = "invalid"
) -> HttpResponse:
    """A problem that points at a field of the body; ``pointer`` without its first slash."""
    errors = [{"pointer": f"/{pointer}" if pointer else "", "code": code, "message": message}]
    return problems.response("invalid", 400, detail, errors=errors)


def wrong_query(name: str, message: str, code: str = "invalid") -> HttpResponse:
    """A problem that points at a parameter."""
    return wrong_field(name, message, "Some parameters are wrong.", code)
