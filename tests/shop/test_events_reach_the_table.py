"""From the stream into the table: each event once, whatever dies on the way."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from django.db import OperationalError, connection, transaction

from shop import valkey
from shop.events import consumers, live, outbox, stream
from shop.events.consumers import Consumer, Runner
from shop.events.models import Event, OutboxEvent, PoisonEvent
from shop.events.partitions import ensure_partitions
from shop.events.recording import record
from shop.events.sessions import read_session
from shop.events.store import StoreConsumer
from tests.factories.events import an_event, store_all

pytestmark = pytest.mark.django_db


def test_a_recorded_event_is_stored_with_all_it_said(clock):
    identifier = record(
        "product_added",
        visitor_id="v-anna0001",
        shopper_id="anna",
        product_id="p\\1\t",
        quantity=2,
        value=Decimal("3.50"),
        query='"quoted" \\ 茶',
        properties={"list": "a\tb\\n\n", "n": 1.5, "茶": None},
        simulated=True,
    )
    store_all()
    event = Event.objects.get()
    assert event.id == identifier
    assert (event.product_id, event.quantity, event.value) == ("p\\1\t", 2, Decimal("3.50"))
    assert event.query == '"quoted" \\ 茶'
    assert event.properties == {"list": "a\tb\\n\n", "n": 1.5, "茶": None}
    assert event.occurred_at == event.received_at == clock()
    assert (event.shopper_id, event.source, event.simulated) == ("anna", "storefront", True)
    assert event.session_id == read_session("v-anna0001").session_id == str(identifier)


def test_the_same_event_many_times_is_stored_once(clock):
    event = an_event()
    for _ in range(3):
        stream.append([event, event])
    store_all()
    stream.append([event])
    store_all()
    assert Event.objects.count() == 1


def test_an_entry_that_cannot_be_stored_is_set_aside_and_its_batch_is_kept(clock):
    good = [an_event() for _ in range(20)]
    bad = an_event(value=Decimal("1e15"))
    stream.append([*good[:7], bad, *good[7:]])
    valkey.client().xadd("events", {"e": b"{not json", "s": ""})
    store_all()
    assert Event.objects.count() == 20
    reasons = sorted(PoisonEvent.objects.values_list("reason", flat=True))
    assert len(reasons) == 2
    assert reasons[0].startswith("store: DataError: numeric field overflow")
    assert reasons[1].startswith("store: DecodeError")
    assert valkey.client().xpending("events", "store")["pending"] == 0


def test_many_events_share_an_entry_and_each_keeps_its_order_its_session_and_its_own_fate(clock):
    bad = [an_event(visitor_id="v-anna0001", value=Decimal("1e15")) for _ in range(2)]
    good = [an_event(visitor_id=f"v-{number % 3:08d}", query="a\nb") for number in range(60)]
    stream.append([*good[:30], *bad, *good[30:]])
    assert valkey.client().xlen("events") == 3
    assert [row["id"] for row in live.recent(100)] == [str(e.id) for e in reversed([*good[:30], *bad, *good[30:]])]
    assert store_all() == 62
    assert {event.id: event.session_id for event in Event.objects.all()} == {
        event.id: str(good[int(event.visitor_id[2:])].id) for event in good
    }
    assert PoisonEvent.objects.count() == 2, "both, though they stand in one entry"
    assert valkey.client().xpending("events", "store")["pending"] == 0


def test_an_entry_holds_no_more_bytes_than_one_large_event_passes(clock):
    stream.append([an_event(properties={"text": "x" * 30_000}) for _ in range(10)])
    assert valkey.client().xlen("events") == 10
    assert store_all() == 10


def test_a_full_disk_sets_nothing_aside_and_what_waits_is_stored_when_there_is_room(clock):
    stream.append([an_event() for _ in range(5)])
    runner = Runner(StoreConsumer(), claim_after_ms=0)
    runner.drain()
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE FUNCTION pg_temp.no_room() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
            CREATE TRIGGER no_room BEFORE INSERT ON incoming_event FOR EACH ROW EXECUTE FUNCTION pg_temp.no_room()"""
        )
    stream.append([an_event() for _ in range(5)])
    with pytest.raises(OperationalError, match="No space left"):
        runner.step()
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER no_room ON incoming_event")
    runner.drain()
    assert PoisonEvent.objects.count() == 0
    assert Event.objects.count() == 10


def test_what_a_dead_consumer_had_taken_is_taken_over(clock):
    class Dies(StoreConsumer):
        def handle(self, entries):
            raise KeyboardInterrupt

    stream.append([an_event() for _ in range(5)])
    with pytest.raises(KeyboardInterrupt):
        Runner(Dies()).step()
    assert Event.objects.count() == 0
    assert Runner(StoreConsumer(), claim_after_ms=60_000).drain() == 0, "nothing new, and the other may be alive yet"
    assert store_all() == 5
    assert Event.objects.count() == 5


def test_a_death_between_commit_and_acknowledgement_stores_nothing_twice(clock):
    class DiesAfterwards(StoreConsumer):
        def handle(self, entries):
            super().handle(entries)
            raise KeyboardInterrupt

    stream.append([an_event() for _ in range(5)])
    with pytest.raises(KeyboardInterrupt):
        Runner(DiesAfterwards()).step()
    assert store_all() == 5
    assert Event.objects.count() == 5


def test_each_group_gets_every_event_and_one_that_fails_does_not_hold_up_another(clock):
    class Refuses(Consumer):
        group = "triggers"

        def handle(self, entries):
            raise ValueError("no")

    stream.append([an_event() for _ in range(3)])
    Runner(Refuses()).drain()
    assert store_all() == 3
    assert Event.objects.count() == 3
    assert PoisonEvent.objects.filter(reason="triggers: ValueError: no").count() == 3


def test_trimming_drops_only_what_every_group_has_acknowledged(clock, monkeypatch):
    monkeypatch.setattr(consumers, "KEEP_ENTRIES", 100)

    class Slow(Consumer):
        group = "slow"

        def handle(self, entries):
            return

    slow = Runner(Slow())
    slow.step()
    for _ in range(1000):
        stream.append([an_event()])
    store_all()
    consumers.trim("events")
    assert valkey.client().xlen("events") == 1000, "slow has read none yet"
    slow.drain()
    consumers.trim("events")
    assert valkey.client().xlen("events") < 200


def test_an_event_in_the_outbox_shares_the_fate_of_its_transaction(clock, django_capture_on_commit_callbacks):
    def fails_after_the_event():
        with transaction.atomic():
            outbox.put(an_event("order_completed"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails_after_the_event()
    assert not Event.objects.exists()
    assert not OutboxEvent.objects.exists()
    event = an_event("order_completed", value=Decimal("12.50"), properties={"products": [{"product_id": "p-9"}]})
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        outbox.put(event)
        assert Event.objects.count() == 1
    assert not OutboxEvent.objects.exists(), "relayed at the commit"
    assert read_session("v-anna0001").bought == ["p-9"]
    store_all()
    stored = Event.objects.get()
    assert stored.value == Decimal("12.50")
    assert stored.session_id == str(event.id), "the stream knew the session"


def test_the_outbox_keeps_what_a_crash_left_until_the_next_relay(clock):
    with transaction.atomic():
        outbox.put(an_event("order_completed"))
    assert OutboxEvent.objects.count() == 1, "the commit's callback never ran"
    assert outbox.relay() == 1
    assert outbox.relay() == 0
    store_all()
    assert Event.objects.count() == 1


def test_months_are_partitions_and_mad_clocks_fall_into_the_default(clock):
    january, may = datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC)
    times = [datetime(2031, 1, 1, tzinfo=UTC), january, may, *[january + timedelta(days=n) for n in range(28)]]
    events = [an_event(at=at) for at in times]
    random.Random(1).shuffle(events)
    with connection.cursor() as cursor:
        # Months of other tests: tables outlive the emptying between tests.
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'shop_event'::regclass")
        for (name,) in cursor.fetchall():
            if name != "shop_event_default":
                cursor.execute(f"DROP TABLE {name}")
    stream.append(events[:9])
    store_all()
    made = ensure_partitions(january, january + timedelta(days=60))
    assert made == ["shop_event_2026_01", "shop_event_2026_02", "shop_event_2026_03"]
    assert ensure_partitions(january, january + timedelta(days=60)) == []
    stream.append(events[9:])
    store_all()
    assert Event.objects.count() == len(times)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text, count(*) FROM shop_event GROUP BY 1 ORDER BY 1")
        assert dict(cursor.fetchall()) == {"shop_event_2026_01": 18, "shop_event_2026_02": 11, "shop_event_default": 2}
        cursor.execute("EXPLAIN SELECT * FROM shop_event WHERE id = %s", [events[0].id])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert plan.count("Scan") == 1, plan


def test_a_stored_event_survives_the_stream_unchanged(clock):
    event = an_event(value=Decimal("1.10"), properties={"a": [1, {"b": "c"}]}, query="tea")
    assert msgspec.json.decode(msgspec.json.encode(event), type=type(event)) == event
