"""REST: experiments, what they show, and starting, stopping and concluding them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from recommender.experiments import policy_report, results, steering
from recommender.experiments.models import Arm, Experiment
from recommender.experiments.verdicts import verdict
from shop.api import etags
from shop.api.endpoints import Endpoint, ListQuery, documented, page_of
from shop.api.idempotency import idempotent
from shop.api.keys import key_of
from shop.api.problems import Conflict
from shop.operators.audit import by_key


class ExperimentArmSerializer(serializers.Serializer):
    """An arm; `a` is what the others are compared with."""

    letter = serializers.CharField()
    title = serializers.CharField(source="*")
    kind = serializers.ChoiceField(Arm.Kind.choices)
    version = serializers.IntegerField(source="version_id", allow_null=True)
    share = serializers.FloatField()

    def to_representation(self, arm: Arm) -> dict[str, Any]:
        """With its name in words."""
        names = ("letter", "kind", "share")
        return {
            **{name: getattr(arm, name) for name in names},
            "title": steering.title_of(arm),
            "version": arm.version_id,
        }


class ExperimentSerializer(serializers.Serializer):
    """An experiment as listed."""

    key = serializers.CharField()
    title = serializers.CharField()
    slot = serializers.CharField()
    method = serializers.ChoiceField(Experiment.Method.choices)
    status = serializers.ChoiceField(Experiment.Status.choices)
    metric = serializers.ChoiceField(Experiment.Metric.choices)
    traffic = serializers.FloatField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    arms = ExperimentArmSerializer(many=True, source="arms.all")


class ExperimentVerdictSerializer(serializers.Serializer):
    """What it says, in words."""

    outcome = serializers.ChoiceField(["winner", "loser", "unclear", "early", "problem", "none"])
    heading = serializers.CharField()
    text = serializers.CharField()


class ExperimentDetailSerializer(ExperimentSerializer):
    """An experiment with its results."""

    verdict = ExperimentVerdictSerializer()
    results = serializers.DictField(
        help_text="As last computed: people, slates and metrics of each arm, and its difference to arm a, with an interval "
        "that holds at any time."
    )
    state = serializers.DictField(help_text="Bandits: what is believed of each arm, and the shares that follow.")
    off_policy = serializers.ListField(
        child=serializers.DictField(), help_text="Bandits: what each arm would bring alone, by IPS, SNIPS and DR."
    )

    def to_representation(self, experiment: Experiment) -> dict[str, Any]:
        """With what was computed last."""
        found = results.of(experiment)
        words = verdict(experiment, found)
        shown: dict[str, Any] = ExperimentSerializer(experiment).data
        shown["verdict"] = {"outcome": words.label, "heading": words.heading, "text": words.text}
        off_policy = policy_report.report(experiment) if experiment.is_bandit else []
        return {**shown, "results": found, "state": experiment.state, "off_policy": off_policy}


class ExperimentsQuery(ListQuery):
    """Filters of the list of experiments."""

    slot = serializers.CharField(required=False, max_length=40)
    status = serializers.ChoiceField(Experiment.Status.choices, required=False)


class ExperimentReasonSerializer(serializers.Serializer):
    """Why; it stands in the audit log."""

    reason = serializers.CharField(max_length=500)


class ConclusionSerializer(ExperimentReasonSerializer):
    """What was concluded."""

    winner = serializers.CharField(
        max_length=1, required=False, allow_blank=True, help_text="The letter of an arm, or none."
    )


class ExperimentsEndpoint(Endpoint):
    """All experiments."""

    scopes: ClassVar[dict[str, str]] = {"GET": "experiments:read"}

    @documented(
        "List experiments", query=ExperimentsQuery, responses=page_of(ExperimentSerializer), tags=["experiments"]
    )
    def get(self, request: Request) -> Response:
        """Newest first."""
        query = self.query(request, ExperimentsQuery)
        same = {name: query[name] for name in ("slot", "status") if name in query}
        found = Experiment.objects.filter(**same).prefetch_related("arms__version")
        return self.page(request, found, query, ExperimentSerializer, ("-created_at", "id"))


class ExperimentEndpoint(Endpoint):
    """One experiment."""

    scopes: ClassVar[dict[str, str]] = {"GET": "experiments:read"}

    @documented("Read an experiment", responses=ExperimentDetailSerializer, tags=["experiments"])
    def get(self, request: Request, key: str) -> Response:
        """With its results, which are computed every minute while it runs."""
        self.query(request)
        return etags.answer(request, ExperimentDetailSerializer(_find(key)).data)


class StartEndpoint(Endpoint):
    """Letting a draft run."""

    scopes: ClassVar[dict[str, str]] = {"POST": "experiments:write"}

    @documented(
        "Start an experiment",
        request=ExperimentReasonSerializer,
        responses=ExperimentDetailSerializer,
        tags=["experiments"],
    )
    @idempotent
    def post(self, request: Request, key: str) -> Response:
        """Requests that begin from now on are divided. 409: it is no draft, or another one runs in the slot."""
        return _act(self, request, key, steering.start)


class StopEndpoint(Endpoint):
    """Ending without a conclusion."""

    scopes: ClassVar[dict[str, str]] = {"POST": "experiments:write"}

    @documented(
        "Stop an experiment",
        request=ExperimentReasonSerializer,
        responses=ExperimentDetailSerializer,
        tags=["experiments"],
    )
    @idempotent
    def post(self, request: Request, key: str) -> Response:
        """Everybody gets the slot as it is. 409: it does not run."""
        return _act(self, request, key, steering.stop)


class ConcludeEndpoint(Endpoint):
    """Ending with a conclusion."""

    scopes: ClassVar[dict[str, str]] = {"POST": "experiments:write"}

    @documented(
        "Conclude an experiment",
        request=ConclusionSerializer,
        responses=ExperimentDetailSerializer,
        tags=["experiments"],
    )
    @idempotent
    def post(self, request: Request, key: str) -> Response:
        """Notes which arm won, or that none did; nothing is promoted. 409: it neither runs nor was stopped."""
        self.query(request)
        given = _given(request, ConclusionSerializer)
        experiment = _find(key)
        winner = None
        if given.get("winner"):
            winner = next((arm for arm in experiment.arms.all() if arm.letter == given["winner"]), None)
            if winner is None:
                raise serializers.ValidationError({"winner": ["There is no such arm."]})
        return _answer(
            request, experiment, lambda: steering.conclude(experiment, winner, actor=None, reason=given["reason"])
        )


def _find(key: str) -> Experiment:
    found = Experiment.objects.prefetch_related("arms__version").filter(key=key).first()
    if found is None:
        raise Http404
    return found


def _given(request: Request, serializer: type[serializers.Serializer]) -> dict[str, Any]:
    given = serializer(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _act(endpoint: Endpoint, request: Request, key: str, act: Callable[..., None]) -> Response:
    endpoint.query(request)
    reason = _given(request, ExperimentReasonSerializer)["reason"]
    experiment = _find(key)
    return _answer(request, experiment, lambda: act(experiment, actor=None, reason=reason))


def _answer(request: Request, experiment: Experiment, act: Callable[[], None]) -> Response:
    try:
        with by_key(key_of(request).prefix):
            act()
    except steering.NotAllowed as error:
        raise Conflict(str(error)) from None
    return etags.answer(request, ExperimentDetailSerializer(experiment).data)
