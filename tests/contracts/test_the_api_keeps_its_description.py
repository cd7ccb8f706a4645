"""Every operation of the API answers what its description says, whatever it is sent: schemathesis against the real application.

Bodies, queries and headers are made from the description, right ones and wrong ones; paths lead to rows that exist in every other
call. Nothing may be answered with 5xx, and status, content type and body must be those of the description. Each call is undone, so
that one seed is one run. FUZZ_EXAMPLES says how often the slow tests ask (200).
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shop.api.docs import description
from shop.api.keys import create_key
from tests.contracts.nesting import nested_at_most
from tests.factories.world import World, make_world
from tests.wsgi import application

SEED = 20_260_303
# Levels of a body that may hold itself.
DEPTH = 3
MANY = int(os.environ.get("FUZZ_EXAMPLES", "200"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
METHODS = ("get", "post", "put", "patch", "delete")


@cache
def described() -> Any:
    schema = schemathesis.openapi.from_dict(nested_at_most(description(), DEPTH))
    schema.app = application()
    return schema


@cache
def operations() -> dict[str, Any]:
    found = [result.ok() for result in described().get_all_operations()]
    return {f"{operation.method.upper()} {operation.path}": operation for operation in found}


def names() -> list[str]:
    """From the description itself: the tests are collected without starting the application."""
    paths = description()["paths"]
    return [f"{method.upper()} {path}" for path in paths for method in paths[path] if method in METHODS]


def told_apart() -> list[str]:
    """Without the calls of Segment that one view and one struct take: a track stands for them."""
    alike = {f"POST /v1/{call}" for call in ("page", "screen", "identify", "alias", "group")}
    assert alike <= set(names())
    return [name for name in names() if name not in alike]


@pytest.fixture
def world(db, settings) -> World:
    settings.API_RATE = "1000000/min"
    return make_world()


def fuzz(name: str, world: World, examples: int) -> set[int]:
    """Ask one operation with drawn requests, right ones and wrong ones; returns the status codes that it answered."""
    operation = operations()[name]
    headers = {"Authorization": f"Bearer {create_key('fuzz', 'sk')[1]}"}
    wanted = {parameter.name for parameter in operation.path_parameters}
    real = st.fixed_dictionaries({name: st.sampled_from(world.of(name)) for name in wanted if world.of(name)})

    answered: set[int] = set()
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @seed(SEED)
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), ids=real, known=st.booleans())
        def call(case: Any, ids: dict[str, Any], known: bool) -> None:
            if known:
                case.path_parameters = {**(case.path_parameters or {}), **ids}
            with transaction.atomic():
                response = case.call(headers=headers)
                answered.add(response.status_code)
                case.validate_response(response, checks=CHECKS)
                transaction.set_rollback(True)

        call()
    return answered


@pytest.mark.parametrize("name", told_apart())
def test_every_operation_answers_what_it_says(name: str, world: World) -> None:
    answered = fuzz(name, world, examples=12)
    assert answered
    assert max(answered) < 500


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_every_operation_answers_what_it_says_in_many_tries(name: str, world: World) -> None:
    answered = fuzz(name, world, examples=MANY)
    assert answered
    assert max(answered) < 500
