"""Which version serves a slot: promoted by interval after a training, or by hand, with a reason, in the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from recommender.dataset.arrays import BrokenFile
from recommender.training.announcing import announce, prepare
from recommender.training.models import ModelVersion
from recommender.training.wording import in_words
from shop import clock
from shop.operators import audit
from shop.people.models import User

Status = ModelVersion.Status
# Guardrails of automatic promotion.
SLOWEST_P99_MS = 20.0
LARGEST_BYTES = 1_000_000_000
# Of what the model beside it shows of the catalogue, a better one shows at least this share.
LEAST_COVERAGE = 0.5
COVERAGE = "coverage@10"


class PromotionError(Exception):
    """It cannot be promoted; the message says why."""


def champion(slot: str) -> ModelVersion | None:
    """What serves a slot now."""
    return ModelVersion.objects.filter(slot=slot, status=Status.CHAMPION).first()


def promote(version: ModelVersion, *, actor: User | None, reason: str) -> None:
    """Make ``version`` the champion of its slot; the former one is retired. It answers what is asked after this returned.

    Raises:
        PromotionError: its file cannot be opened, or it is the champion already.
    """
    from recommender.training.artefacts import open_model, state_of

    try:
        open_model(version)
    except BrokenFile as error:
        ModelVersion.objects.filter(pk=version.pk).update(error=str(error))
        raise PromotionError(
            _("%(version)s cannot be opened: %(error)s") % {"version": version, "error": in_words(str(error))}
        ) from error
    prepare(version, state_of(version))
    with transaction.atomic():
        _lock(version.slot)
        former = champion(version.slot)
        if former is not None and former.pk == version.pk:
            raise PromotionError(_("%(version)s serves this slot already.") % {"version": version})
        if former is not None:
            former.status, former.pinned = Status.RETIRED, False
            former.save(update_fields=["status", "pinned"])
        version.status, version.promoted_at, version.promoted_by = Status.CHAMPION, clock.now(), actor
        version.reason, version.error, version.shadow_since = reason, "", None
        version.save(update_fields=["status", "promoted_at", "promoted_by", "reason", "error", "shadow_since"])
        before = {"champion": str(former) if former else None}
        audit.record(
            "model.promote", actor=actor, target=version, before=before, after={"champion": str(version)}, reason=reason
        )
        transaction.on_commit(announce)


def _lock(slot: str) -> None:
    """Let nobody else change what serves ``slot`` until the transaction ends; always in the same order."""
    list(ModelVersion.objects.select_for_update().filter(slot=slot).order_by("pk").values_list("pk"))


def roll_back(slot: str, *, actor: User | None, reason: str) -> ModelVersion:
    """Put the champion before the present one back.

    Raises:
        PromotionError: there was none.
    """
    former = (
        ModelVersion.objects.filter(slot=slot, status=Status.RETIRED, promoted_at__isnull=False, error="")
        .order_by("-promoted_at")
        .first()
    )
    if former is None:
        raise PromotionError(_("No model served this slot before."))
    promote(former, actor=actor, reason=reason)
    return former


def pin(version: ModelVersion, pinned: bool, *, actor: User | None, reason: str) -> None:
    """Keep training from replacing a champion, or let it again.

    Raises:
        PromotionError: it is not the champion.
    """
    before = {"pinned": version.pinned}
    with transaction.atomic():
        if not ModelVersion.objects.filter(pk=version.pk, status=Status.CHAMPION).update(pinned=pinned):
            raise PromotionError(_("%(version)s is not the champion of its slot.") % {"version": version})
        audit.record("model.pin", actor=actor, target=version, before=before, after={"pinned": pinned}, reason=reason)


def shadow(version: ModelVersion, share: float, *, actor: User | None, reason: str) -> None:
    """Let ``version`` answer beside the champion for a share of the slates, logged and not shown; a former shadow of the slot ends.

    Raises:
        PromotionError: it is the champion, cannot be opened, or the share is not above 0 and at most 1.
    """
    from recommender.training.artefacts import open_model

    if not 0 < share <= 1:
        raise PromotionError(_("The share of a shadow is above 0 and at most 1, not %(share)s.") % {"share": share})
    try:
        open_model(version)
    except BrokenFile as error:
        raise PromotionError(
            _("%(version)s cannot be opened: %(error)s") % {"version": version, "error": in_words(str(error))}
        ) from error
    with transaction.atomic():
        _lock(version.slot)
        if ModelVersion.objects.filter(pk=version.pk, status=Status.CHAMPION).exists():
            raise PromotionError(_("%(version)s serves this slot already.") % {"version": version})
        former = ModelVersion.objects.filter(slot=version.slot, shadow_since__isnull=False)
        before = {"shadow": ", ".join(map(str, former))}
        former.update(shadow_since=None)
        version.shadow_since, version.shadow_share = clock.now(), share
        version.save(update_fields=["shadow_since", "shadow_share"])
        after = {"shadow": str(version), "share": share}
        audit.record("model.shadow", actor=actor, target=version, before=before, after=after, reason=reason)


def end_shadow(version: ModelVersion, *, actor: User | None, reason: str) -> None:
    """Let a shadow answer no more; what it answered stays.

    Raises:
        PromotionError: it is none.
    """
    if not ModelVersion.objects.filter(pk=version.pk, shadow_since__isnull=False).update(shadow_since=None):
        raise PromotionError(_("%(version)s is no shadow.") % {"version": version})
    version.shadow_since = None
    audit.record(
        "model.shadow",
        actor=actor,
        target=version,
        before={"shadow": str(version)},
        after={"shadow": ""},
        reason=reason,
    )


def fit_to_serve(version: ModelVersion, *, beside: ModelVersion | None = None) -> str:
    """Empty, or the guardrail that keeps a version from being promoted by itself.

    Args:
        beside: the one it would replace, judged on the same questions.
    """
    # The processor's time, not the wall's: a machine busy with other work makes no algorithm slow.
    latency: Mapping[str, Any] = version.metrics.get("cpu_p99_ms", {})
    if latency.get("value", 0.0) > SLOWEST_P99_MS:
        return (
            f"answers take {latency['value']:.1f} ms of the processor at the 99th percentile, "
            f"the limit is {SLOWEST_P99_MS:.0f} ms"
        )
    if version.size_bytes > LARGEST_BYTES:
        return f"the file has {version.size_bytes} bytes, the limit is {LARGEST_BYTES}"
    mine, other = (row.metrics.get(COVERAGE, {}).get("value") for row in (version, beside or version))
    if mine is not None and other is not None and mine < LEAST_COVERAGE * other:
        return f"it shows {100 * mine:.1f} % of the catalogue, {beside} shows {100 * other:.1f} %"
    return ""
