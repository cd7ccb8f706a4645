"""REST: experiments, what they show, and making, starting, stopping, concluding and discarding them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.http import Http404
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from recommender.experiments import results, steering
from recommender.experiments.models import Arm, Experiment
from recommender.experiments.steering import LETTERS, ArmPlan, Plan
from recommender.experiments.titles import arm_title
from recommender.experiments.verdicts import verdict
from recommender.slots.titles import titles
from recommender.training.models import ModelVersion
from shop.api import etags
from shop.api.endpoints import Endpoint, ListQuery, StrictSerializer, documented, given, page_of
from shop.api.idempotency import idempotent
from shop.api.keys import key_of
from shop.api.problems import Conflict, pointers
from shop.operators.audit import by_key


class ExperimentArmSerializer(serializers.Serializer):
    """An arm; `a` is what the others are compared with."""

    letter = serializers.CharField()
    title = serializers.CharField(source="*")
    kind = serializers.ChoiceField(Arm.Kind.choices)
    version = serializers.IntegerField(source="version_id", allow_null=True)
    as_slot = serializers.CharField(help_text="Of kind `slot`: whose settings it has.")
    share = serializers.FloatField()

    def to_representation(self, arm: Arm) -> dict[str, Any]:
        """With its name in words."""
        names = ("letter", "kind", "as_slot", "share")
        return {
            **{name: getattr(arm, name) for name in names},
            "title": arm_title(arm, self.context.get("slots")),
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
    floor = serializers.FloatField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    winner = serializers.CharField(
        source="winner.letter",
        default=None,
        allow_null=True,
        help_text="The letter of the arm that it was concluded for.",
    )
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
        off_policy = found.pop("off_policy", [])
        return {**shown, "results": found, "state": experiment.state, "off_policy": off_policy}


class ExperimentsQuery(ListQuery):
    """Filters of the list of experiments."""

    slot = serializers.CharField(required=False, max_length=40)
    status = serializers.ChoiceField(Experiment.Status.choices, required=False)


class ExperimentArmInSerializer(StrictSerializer):
    """An arm to be made; the first, `a`, is what the others are compared with."""

    kind = serializers.ChoiceField(Arm.Kind.choices)
    version = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=2**63 - 1,
        help_text="Of kind `version`: its id, by `/models`.",
    )
    as_slot = serializers.CharField(
        max_length=40, required=False, allow_blank=True, help_text="Of kind `slot`: the slot whose settings it has."
    )
    share = serializers.FloatField(default=1.0, help_text="In any unit; the shares of all arms make a whole.")
    title = serializers.CharField(max_length=80, required=False, allow_blank=True)


class ExperimentInSerializer(StrictSerializer):
    """A draft to be made. Arms, shares and metric are fixed by the start."""

    key = serializers.CharField(max_length=30, help_text="Small letters, digits and hyphens; slates carry `key:a`.")
    title = serializers.CharField(max_length=80)
    slot = serializers.CharField(max_length=40)
    method = serializers.ChoiceField(Experiment.Method.choices, default=Experiment.Method.SPLIT)
    metric = serializers.ChoiceField(
        Experiment.Metric.choices, default=Experiment.Metric.CLICKS, help_text="The one that decides."
    )
    traffic = serializers.FloatField(default=1.0, help_text="Share of the people that take part, above 0, at most 1.")
    floor = serializers.FloatField(default=0.05, help_text="Bandits: the share that each arm keeps.")
    arms = ExperimentArmInSerializer(many=True, min_length=2, max_length=len(LETTERS))  # type: ignore[call-arg]
    reason = serializers.CharField(max_length=500, help_text="Why; it stands in the audit log.")


class ExperimentReasonSerializer(StrictSerializer):
    """Why; it stands in the audit log."""

    reason = serializers.CharField(max_length=500)


class ConclusionSerializer(ExperimentReasonSerializer):
    """What was concluded."""

    winner = serializers.CharField(
        max_length=1, required=False, allow_blank=True, help_text="The letter of an arm, or none."
    )


class ExperimentsEndpoint(Endpoint):
    """All experiments."""

    scopes: ClassVar[dict[str, str]] = {"GET": "experiments:read", "POST": "experiments:write"}

    @documented(
        "List experiments", query=ExperimentsQuery, responses=page_of(ExperimentSerializer), tags=["experiments"]
    )
    def get(self, request: Request) -> Response:
        """Newest first."""
        query = self.query(request, ExperimentsQuery)
        same = {name: query[name] for name in ("slot", "status") if name in query}
        found = Experiment.objects.filter(**same).select_related("winner").prefetch_related("arms__version")
        return self.page(request, found, query, ExperimentSerializer, ("-created_at", "id"), slots=titles())

    @documented(
        "Make an experiment",
        request=ExperimentInSerializer,
        responses={201: ExperimentDetailSerializer},
        tags=["experiments"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """A draft: nobody is divided before it is started. 409: there is one of that name."""
        self.query(request)
        fields = given(request, ExperimentInSerializer)
        reason = fields.pop("reason")
        try:
            plan = Plan(**{**fields, "arms": [_arm_plan(arm) for arm in fields["arms"]]})
            with by_key(key_of(request).prefix):
                experiment = steering.create(plan, actor=None, reason=reason)
        except steering.Taken as error:
            raise Conflict(str(error), errors=pointers({error.field: [str(error)]})) from None
        except steering.NotAllowed as error:
            raise serializers.ValidationError({error.field or "non_field_errors": [str(error)]}) from None
        return etags.answer(request, ExperimentDetailSerializer(_find(experiment.key)).data, status.HTTP_201_CREATED)


class ExperimentEndpoint(Endpoint):
    """One experiment."""

    scopes: ClassVar[dict[str, str]] = {"GET": "experiments:read", "DELETE": "experiments:write"}

    @documented("Read an experiment", responses=ExperimentDetailSerializer, tags=["experiments"])
    def get(self, request: Request, key: str) -> Response:
        """With its results, which are computed every minute while it runs."""
        self.query(request)
        return etags.answer(request, ExperimentDetailSerializer(_find(key)).data)

    @documented("Discard a draft", request=None, responses={204: None}, tags=["experiments"])
    @idempotent
    def delete(self, request: Request, key: str) -> Response:
        """409: it was started; what ran is kept."""
        self.query(request)
        experiment = _find(key)
        try:
            with by_key(key_of(request).prefix):
                steering.discard(experiment, actor=None, reason="")
        except steering.NotAllowed as error:
            raise Conflict(str(error)) from None
        return Response(status=status.HTTP_204_NO_CONTENT)


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
        said = given(request, ConclusionSerializer)
        experiment = _find(key)
        winner = None
        if said.get("winner"):
            winner = next((arm for arm in experiment.arms.all() if arm.letter == said["winner"]), None)
            if winner is None:
                raise serializers.ValidationError({"winner": ["There is no such arm."]})
        return _answer(
            request, experiment, lambda: steering.conclude(experiment, winner, actor=None, reason=said["reason"])
        )


def _arm_plan(arm: dict[str, Any]) -> ArmPlan:
    """An arm as asked for; of a version that is not there without one, which is refused as such."""
    version = ModelVersion.objects.filter(pk=arm["version"]).first() if arm.get("version") else None
    return ArmPlan(arm["kind"], version, arm["share"], arm.get("title", ""), arm.get("as_slot", ""))


def _find(key: str) -> Experiment:
    found = Experiment.objects.prefetch_related("arms__version").select_related("winner").filter(key=key).first()
    if found is None:
        raise Http404
    return found


def _act(endpoint: Endpoint, request: Request, key: str, act: Callable[..., None]) -> Response:
    endpoint.query(request)
    reason = given(request, ExperimentReasonSerializer)["reason"]
    experiment = _find(key)
    return _answer(request, experiment, lambda: act(experiment, actor=None, reason=reason))


def _answer(request: Request, experiment: Experiment, act: Callable[[], None]) -> Response:
    try:
        with by_key(key_of(request).prefix):
            act()
    except steering.NotAllowed as error:
        raise Conflict(str(error)) from None
    return etags.answer(request, ExperimentDetailSerializer(experiment).data)
