"""Two web processes are asked without pause while a model is promoted: what is asked afterwards, the new model answers."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time

import pytest

from recommender.models import ModelVersion
from recommender.training import promotion
from shop.api.keys import create_key
from tests.factories.processes import ROOT, environment_of_this_test, web_process
from tests.factories.trained import make_trained_shop

pytestmark = pytest.mark.django_db(transaction=True)
ENOUGH = 40


class Asker(threading.Thread):
    """Asks one process for a slate again and again; notes when it asked and which model answered."""

    def __init__(self, port: int, token: str) -> None:
        super().__init__(daemon=True)
        self.port, self.token = port, token
        self.answers: list[tuple[float, str]] = []
        self.stopping = threading.Event()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.stopping.is_set():
            asked = time.monotonic()
            connection.request("GET", "/api/v1/recommendations/home", headers={"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            content = json.loads(answer.read())
            self.answers.append((asked, content.get("model", f"{answer.status} {content}")))
        connection.close()


def wait_for(askers: list[Asker], more: int) -> None:
    wanted = [len(asker.answers) + more for asker in askers]
    deadline = time.monotonic() + 120
    while any(len(asker.answers) < count for asker, count in zip(askers, wanted, strict=True)):
        assert time.monotonic() < deadline, [asker.answers[-3:] for asker in askers]
        time.sleep(0.02)


def ask(port: int, path: str, token: str = "", method: str = "GET", body: object = None) -> http.client.HTTPResponse:
    """One request on a connection of its own; the answer, whose body is under ``text``."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    answer.text = answer.read().decode()
    connection.close()
    return answer


def what_one_changes_the_other_shows(one: int, other: int) -> None:
    """Stock and price: the other process's next answer and next page hold them, and no cache keeps what it answers."""
    writer, reader = create_key("writer", "sk")[1], create_key("reader", "pk")[1]

    def shown() -> list[str]:
        answer = ask(other, "/api/v1/recommendations/home?k=100", reader)
        assert answer.headers["Cache-Control"] == "private, no-store"
        return [item["product_id"] for item in json.loads(answer.text)["items"]]

    product = shown()[0]
    for stock in (0, 5, 0):
        changed = ask(
            one, f"/api/v1/products/{product}", writer, "PATCH", {"stock": stock, "price": f"{40 + stock}.50"}
        )
        assert changed.status == 200, changed.text
        assert (product in shown()) == (stock > 0)
        assert json.loads(ask(other, f"/api/v1/products/{product}", reader).text)["price"] == f"{40 + stock}.50"
        assert f"{40 + stock}.50" in ask(other, f"/en/p/{product}/").text


def test_what_is_asked_after_a_promotion_is_answered_by_the_new_model_in_every_process():
    make_trained_shop()
    old = ModelVersion.objects.get(slot="home", status="champion")
    new = ModelVersion.objects.filter(slot="home", status="candidate").exclude(file=old.file).first()
    token = create_key("asker", "pk")[1]
    # A busy machine is no reason for the former model here.
    environment = environment_of_this_test(SERVING_WATCH="1", MODEL_WAIT_SECONDS="60")
    with web_process(environment) as one, web_process(environment) as other:
        askers = [Asker(port, token) for port in (one, one, other, other)]
        for asker in askers:
            asker.start()
        wait_for(askers, ENOUGH)
        began = time.monotonic()
        promotion.promote(new, actor=None, reason="to see it swapped")
        returned = time.monotonic()
        wait_for(askers, ENOUGH)
        for asker in askers:
            asker.stopping.set()
            asker.join(60)
        what_one_changes_the_other_shows(one, other)
    for asker in askers:
        assert {model for asked, model in asker.answers if asked > returned} == {str(new)}
        before = [model for asked, model in asker.answers if asked < began]
        assert set(before[:-1]) == {str(old)}


# numba looks for scipy itself, to know its version.
HEAVY = ("pandas", "sklearn", "torch", "lightgbm", "scipy.stats", "scipy.sparse", "statsmodels", "pyarrow")
SERVE = f"""
import sys
from config.wsgi import application
from django.urls import get_resolver
from recommender.known import champions
from recommender.serving import recommend, warm_up
get_resolver().url_patterns
warm_up()
assert recommend("home", visitor_id="v-1").model == sys.argv[1]
print(*[name for name in {HEAVY!r} if name in sys.modules])
"""


def words_of_a_process(script: str, *arguments: str) -> list[str]:
    """What ``script`` prints in a process of its own, on the servers of this test."""
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env=environment_of_this_test(SERVING_WATCH="0"),
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split()


def test_a_web_process_that_serves_a_model_has_loaded_no_library_that_only_training_needs():
    make_trained_shop()
    champion = ModelVersion.objects.get(slot="home", status="champion")
    assert words_of_a_process(SERVE, str(champion)) == []


COMPILE = f"""
import sys
{SERVE.split("warm_up()")[0]}
from numba.core.dispatcher import Dispatcher
import gc
champions.load()
kernels = [found for found in gc.get_objects() if isinstance(found, Dispatcher)]
before = [len(kernel.signatures) for kernel in kernels]
for slot in ("home", "product", "cart", "email"):
    for known in ({{"visitor_id": "v-1"}}, {{"shopper_id": "s1"}}, {{"shopper_id": "s1", "product_id": "bread"}}):
        recommend(slot, **known)
print(*[kernel.__name__ for kernel, count in zip(kernels, before) if len(kernel.signatures) > count])
"""


def test_no_request_waits_for_a_kernel_to_be_compiled():
    make_trained_shop()
    assert words_of_a_process(COMPILE) == []
