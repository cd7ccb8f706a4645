"""Processes that serve open the file of a version before it is promoted, so that no shopper waits for it."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from django.db import connection, connections, transaction

from recommender.algorithms.popular import Popular
from recommender.dataset.building import read_products
from recommender.dataset.interactions import from_sessions
from recommender.known import champions, fresh_sessions
from recommender.models import ModelVersion
from recommender.profiles.long_term import learn
from recommender.serving import warming
from recommender.training import announcing, artefacts, promotion
from recommender.training.artefacts import open_model
from shop.valkey import client
from tests.factories.models import serve_sessions
from tests.factories.waiting import at_work, until_it_waits

pytestmark = pytest.mark.django_db


@pytest.fixture
def new() -> ModelVersion:
    """A candidate of another file than the champion that serves."""
    (old,) = serve_sessions(slots=("home",))
    dataset = from_sessions([[0, 1], [1, 2]], read_products())
    stored = artefacts.store(Popular().fit(dataset), learn(dataset))
    champions.load()
    assert champions.current("home").label == str(old)
    return ModelVersion.objects.create(algorithm="popular", slot="home", file=stored.file, sha256=stored.sha256)


@pytest.fixture
def listening():
    """Another thread that hears what is told, as the watch of a web process does, until it is told something."""
    heard = threading.Event()
    ears = champions._ears()
    # The answer to the subscription: from here on nothing is missed.
    while not ears.subscribed or client().pubsub_numsub(announcing.UPCOMING)[0][1] != 1:
        ears.get_message(timeout=1.0)

    def listen() -> None:
        while not heard.is_set():
            champions.listen(0.05)
        connections.close_all()

    thread = threading.Thread(target=listen)
    yield thread
    heard.set()
    thread.join(30)
    champions.stop_listening()


def test_whoever_listens_has_it_open_when_it_is_announced_and_opens_it_once(new, listening, monkeypatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(champions, "open_model", lambda version: opened.append(str(version)) or open_model(version))
    # The announcement waits for the commit of this test, which never comes.
    monkeypatch.setattr(promotion, "announce", lambda: None)
    listening.start()
    assert announcing.prepare(new)
    assert opened == [str(new)]
    assert champions.current("home").label != str(new), "it is not promoted yet"
    promotion.promote(new, actor=None, reason="test")
    champions.load()
    assert champions.current("home").label == str(new)
    assert opened == [str(new)]
    assert champions._prepared == {}


@pytest.mark.django_db(transaction=True)
def test_of_two_promotions_at_once_the_last_that_is_told_is_the_newest() -> None:
    for slot in ("home", "cart"):
        ModelVersion.objects.create(algorithm="popular", slot=slot)
    with at_work(announcing.announce) as one, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('champions'))")
        ModelVersion.objects.update(status=ModelVersion.Status.CHAMPION)
        one.start()
        until_it_waits(one)
    assert [version.slot for version in announcing.announced_versions(client().get(announcing.CHAMPIONS))] == [
        "cart",
        "home",
    ]


def test_a_process_that_never_answers_keeps_nobody_from_promoting(new, monkeypatch) -> None:
    monkeypatch.setattr(announcing, "PREPARE_SECONDS", 0.3)
    champions._ears()
    assert client().pubsub_numsub(announcing.UPCOMING)[0][1] == 1
    assert not announcing.prepare(new)
    promotion.promote(new, actor=None, reason="test")
    champions.stop_listening()
    champions.load()
    assert champions.current("home").label == str(new)


def test_a_file_that_cannot_be_opened_is_said_to_be_so_and_waited_for_by_nobody(new, listening) -> None:
    new.sha256 = "0" * 64
    listening.start()
    assert announcing.prepare(new)
    assert champions._prepared == {}
    assert champions.current("home").label != str(new)


def test_the_watch_goes_on_whatever_another_release_says(new) -> None:
    champions.stop_listening()
    warming._wait(0)
    client().publish(announcing.UPCOMING, b'["reply", {"slot": "home"}, null]')
    assert warming._steadily(partial(warming._wait_and_look, 30)) == warming.WATCH_SECONDS
    assert champions._listening is None, "it listened, heard, and stumbled"
    client().xadd(fresh_sessions.STREAM, {"body": b'{"sessions": []}'}, id=f"{2**45}-0")

    def look() -> float:
        warming.warm_up()
        return 0.0

    assert warming._steadily(look) == warming.WATCH_SECONDS
    champions.stop_listening()


def test_what_was_hashed_on_this_machine_is_hashed_again_only_once_it_changed(new, listening, monkeypatch) -> None:
    hashed: list[str] = []
    file_hash = artefacts.file_hash
    monkeypatch.setattr(artefacts, "file_hash", lambda path: hashed.append(path.name) or file_hash(path))
    monkeypatch.setattr(artefacts, "_hashed", set())
    path = artefacts.local_path(new)
    told = artefacts.state_of(new)
    assert told is not None
    # As another process, which is told.
    monkeypatch.setattr(artefacts, "_hashed", set())
    listening.start()
    assert announcing.prepare(new, told)
    assert list(champions._prepared) == [new.file]
    assert hashed == [path.name]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert artefacts.state_of(new) is None
    with pytest.raises(artefacts.BrokenFile, match="its hash differs"):
        open_model(new)


def test_who_read_an_announcement_late_does_not_bring_the_former_champion_back(
    new, django_capture_on_commit_callbacks
) -> None:
    announcing.announce()
    former = client().get(announcing.CHAMPIONS)
    with django_capture_on_commit_callbacks(execute=True):
        promotion.promote(new, actor=None, reason="to see it swapped")
    champions.follow(client().get(announcing.CHAMPIONS))
    assert champions.current("home").version == new.pk
    # A request that had read it before the promotion, and comes to take it over only now.
    champions.follow(former)
    assert champions.current("home").version == new.pk
