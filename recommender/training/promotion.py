"""Which version serves a slot: promoted by interval after a training, or by hand, with a reason, in the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from recommender.algorithms.arrays import BrokenFile
from recommender.training.announcing import announce
from recommender.training.models import ModelVersion
from shop import clock
from shop.operators import audit
from shop.people.models import User

Status = ModelVersion.Status
# Guardrails of automatic promotion.
SLOWEST_P99_MS = 20.0
LARGEST_BYTES = 1_000_000_000


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
    from recommender.training.artefacts import open_model

    try:
        open_model(version)
    except BrokenFile as error:
        ModelVersion.objects.filter(pk=version.pk).update(error=str(error))
        raise PromotionError(f"{version} cannot be opened: {error}") from error
    with transaction.atomic():
        list(ModelVersion.objects.select_for_update().filter(slot=version.slot).values_list("pk"))
        former = champion(version.slot)
        if former is not None and former.pk == version.pk:
            raise PromotionError(f"{version} serves slot {version.slot} already")
        if former is not None:
            former.status, former.pinned = Status.RETIRED, False
            former.save(update_fields=["status", "pinned"])
        version.status, version.promoted_at, version.promoted_by = Status.CHAMPION, clock.now(), actor
        version.reason, version.error = reason, ""
        version.save(update_fields=["status", "promoted_at", "promoted_by", "reason", "error"])
        before = {"champion": str(former) if former else None}
        audit.record(
            "model.promote", actor=actor, target=version, before=before, after={"champion": str(version)}, reason=reason
        )
        transaction.on_commit(announce)


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
        raise PromotionError(f"no model served slot {slot} before")
    promote(former, actor=actor, reason=reason)
    return former


def pin(version: ModelVersion, pinned: bool, *, actor: User | None, reason: str) -> None:
    """Keep training from replacing a champion, or let it again.

    Raises:
        PromotionError: it is not the champion.
    """
    if version.status != Status.CHAMPION:
        raise PromotionError(f"{version} is not the champion of slot {version.slot}")
    before = {"pinned": version.pinned}
    ModelVersion.objects.filter(pk=version.pk).update(pinned=pinned)
    audit.record("model.pin", actor=actor, target=version, before=before, after={"pinned": pinned}, reason=reason)


def fit_to_serve(version: ModelVersion) -> str:
    """Empty, or the guardrail that keeps a version from being promoted by itself."""
    # The processor's time, not the wall's: a machine busy with other work makes no algorithm slow.
    latency: Mapping[str, Any] = version.metrics.get("cpu_p99_ms", {})
    if latency.get("value", 0.0) > SLOWEST_P99_MS:
        return (
            f"answers take {latency['value']:.1f} ms of the processor at the 99th percentile, "
            f"the limit is {SLOWEST_P99_MS:.0f} ms"
        )
    if version.size_bytes > LARGEST_BYTES:
        return f"the file has {version.size_bytes} bytes, the limit is {LARGEST_BYTES}"
    return ""
