"""Whatever happens in whatever order, planned = accepted + rejected + uncertain + skipped + still to go."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from push.campaigns import launching
from push.campaigns.planning import plan_due
from push.channels import CHANNELS
from push.channels.base import Channel, Outcome
from push.delivery import dispatching, settling
from push.delivery.claims import claim
from push.delivery.states import State
from push.models import Campaign, Message
from push.results.conservation import conservation
from shop.clock import replaced
from shop.people import consents
from tests.factories.campaigns import make_audience, running


class Died(BaseException):
    """A worker is gone."""


class Moody(Channel):
    """Answers as the test says, and remembers how often the provider took each message."""

    name, label, window = "email", "Moody", 3
    idempotent = False
    answers: list[str] = []
    taken: dict = {}

    def address(self, shopper):
        return f"{shopper.pk}@example.org"

    def connect(self):
        if self.answers and self.answers[-1] == "away":
            self.answers.pop()
            raise ConnectionRefusedError

    def send(self, rendered, material):
        answer = self.answers.pop() if self.answers else "taken"
        if answer in ("taken", "taken_unsaid", "taken_dies"):
            self.taken[material.message_id] = self.taken.get(material.message_id, 0) + 1
        if answer in ("taken_dies", "dies"):
            raise Died
        if answer == "taken_unsaid":
            return Outcome.uncertain("no_answer")
        if answer in ("refused", "later"):
            return Outcome.rejected("smtp_550", permanent=answer == "refused")
        return Outcome.accepted("1")


ANSWERS = st.lists(
    st.sampled_from(["taken", "taken_unsaid", "taken_dies", "dies", "refused", "later", "away"]), max_size=6
)


class Delivery(RuleBasedStateMachine):
    """Plans, workers, deaths, pauses, people who leave: in any order."""

    def __init__(self):
        super().__init__()
        self.time = datetime(2026, 3, 2, 12, tzinfo=UTC)
        self.clock = replaced(lambda: self.time)
        self.clock.__enter__()
        Message.objects.all().delete()
        Moody.answers, Moody.taken = [], {}
        dispatching.close_channels()

    def teardown(self):
        self.clock.__exit__(None, None, None)

    @initialize(number=st.integers(1, 12), holdout=st.sampled_from([0, 2000, 5000]))
    def start(self, number, holdout):
        self.people = make_audience(number)
        self.campaign = running(holdout_share=holdout)

    @rule()
    def plan(self):
        self.campaign.refresh_from_db()
        plan_due(self.campaign)

    @rule(answers=ANSWERS, limit=st.integers(1, 8))
    def dispatch(self, answers, limit):
        Moody.answers = list(answers)
        try:
            dispatching.dispatch_batch(self.campaign.pk, limit)
        except Died:
            dispatching.close_channels()

    @rule(limit=st.integers(1, 4))
    def claim_and_die(self, limit):
        claim(self.campaign.pk, limit)

    @rule(minutes=st.sampled_from([0.2, 1.5, 20]))
    def wait(self, minutes):
        self.time += timedelta(minutes=minutes)
        settling.expire_leases()
        settling.retry_uncertain()

    @rule(act=st.sampled_from(["pause", "resume", "cancel", "finish_if_done"]))
    def operate(self, act):
        self.campaign.refresh_from_db()
        # Drawn whatever the campaign's state is: those that do not fit it are refused.
        with contextlib.suppress(launching.NotAllowed):
            if act == "finish_if_done":
                launching.finish_if_done(self.campaign)
            else:
                getattr(launching, act)(self.campaign, actor=None)

    @rule(data=st.data())
    def unsubscribe(self, data):
        consents.withdraw(data.draw(st.sampled_from(self.people)), "email", source="unsubscribe")

    @invariant()
    def the_sum_holds(self):
        if hasattr(self, "campaign"):
            assert conservation(self.campaign).holds

    @invariant()
    def nobody_gets_it_twice(self):
        assert all(times == 1 for times in Moody.taken.values())

    @invariant()
    def what_was_taken_is_known_to_be_or_to_be_uncertain(self):
        states = dict(Message.objects.filter(pk__in=Moody.taken).values_list("pk", "state"))
        fine = {State.ACCEPTED, State.UNCERTAIN, State.DISPATCHING}
        assert all(State(state) in fine for state in states.values())

    @invariant()
    def the_held_out_get_nothing(self):
        assert not Message.objects.filter(pk__in=Moody.taken).exclude(arm="send").exists()


@pytest.mark.django_db
def test_every_message_is_accounted_for_whatever_happens(settings_of_channels):
    runs = []

    def machine():
        Campaign.objects.update(status="cancelled")
        runs.append(Delivery())
        return runs[-1]

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert len(runs) >= 40
    # Each run deletes the messages of those before it.
    assert conservation(runs[-1].campaign).holds


@pytest.fixture
def settings_of_channels(settings):
    settings.PUSHCART_CHANNELS = {"email": f"{__name__}.Moody"}
    CHANNELS.__dict__.pop("paths", None)
    yield
    dispatching.close_channels()
    CHANNELS.__dict__.pop("paths", None)
