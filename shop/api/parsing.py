"""JSON in and out: strict UTF-8, no NaN, no lone surrogates, no NUL, bounded depth."""

from __future__ import annotations

from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from shop.api.encoding import dumps

MOST_DEPTH = 32


class TooLarge(APIException):
    """413."""

    status_code = 413
    default_code = "too_large"
    default_detail = "The body is larger than accepted. Send it in parts."


class StrictJSONParser(BaseParser):
    """Bodies as the database can hold them; whatever cannot be stored is refused here, with where it stands."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        """The parsed body.

        Raises:
            ParseError: not JSON, too deep, or with a NUL character in it.
            TooLarge: more than DATA_UPLOAD_MAX_MEMORY_SIZE.
        """
        content = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(content) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooLarge
        try:
            data = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}") from None
        refuse_unstorable(data, "body")
        return data


def refuse_unstorable(data: Any, where: str) -> None:
    """Refuse what PostgreSQL cannot store; ``where`` says what it stands in: the body, the query.

    Raises:
        ParseError: deeper than :data:`MOST_DEPTH`, or with NUL characters.
    """
    layer, depth = [data], 0
    while layer:
        if depth > MOST_DEPTH:
            raise ParseError(f"The {where} is nested deeper than {MOST_DEPTH}.")
        below: list[Any] = []
        for value in layer:
            if isinstance(value, str) and "\x00" in value:
                raise ParseError(f"The {where} holds a NUL character.")
            if isinstance(value, dict):
                below += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                below += value
        layer, depth = below, depth + 1


class JSONRenderer(BaseRenderer):
    """Answers by orjson."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The body; empty where there is none."""
        return dumps(data)


class OnlyJSON(BaseContentNegotiation):
    """There is one representation, so ``Accept`` chooses nothing (RFC 9110, 12.5.1 lets a server answer all the same)."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        """The parser of the request's media type, or None (415)."""
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        """The first renderer."""
        return renderers[0], renderers[0].media_type
