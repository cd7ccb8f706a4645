"""One slot: edited beside what it shows to any shopper, and saved after a look at who would see something else."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from config.dashboard import pages, slot_changes, words
from config.dashboard.slot_form import LINE_WORDS, Editor
from recommender.explanations.telling import rule_words
from recommender.models import Slot
from recommender.serving import previewing
from recommender.serving.previewing import Viewer
from recommender.slates.slate import Slate
from recommender.slots import checking, noticing, saving
from recommender.slots.filters import FilterError
from recommender.slots.titles import titles, type_title
from recommender.slots.types import TYPES
from recommender.slots.usage import KEPT, refusal
from shop.catalogue.naming import product_names
from shop.models import AuditEntry, Product, Shopper
from shop.operators.naming import by_whom
from shop.operators.wording import act_in_words

LAST_CHANGES = 8
# Products to look at, in the order in which they sell.
OFFERED = 12
MOST_ATTRIBUTES = 20


def page(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """The editor of one slot, or of a new one."""
    allowed = request.user.has_perm("recommender.change_slot" if pk else "recommender.add_slot")
    if not allowed and (pk is None or not request.user.has_perm("recommender.view_slot")):
        raise PermissionDenied
    saved = get_object_or_404(Slot.objects.prefetch_related("pins"), pk=pk) if pk else None
    if request.method != "POST":
        return _editor(request, saved, Editor(_copy(pk)), allowed)
    if not allowed:
        raise PermissionDenied
    if request.POST.get("act") == "delete" and saved:
        return _delete(request, saved)
    editor = Editor(_copy(pk), request.POST)
    shown: dict[str, Any] = {}
    if editor.is_valid():
        mark = slot_changes.mark(editor.slot, editor.pins)
        stale = saved is not None and request.POST.get("version") != str(saved.version)
        looked = request.POST.get("looked") == mark
        if request.POST.get("act") == "save" and looked and not stale and _save(request, editor):
            return redirect("admin:recommender_slot_change", editor.slot.pk)
        shown = _review(saved, editor) | {"mark": mark, "stale": stale}
    return _editor(request, saved, editor, allowed, **shown)


def _copy(pk: int | None) -> Slot:
    """A slot that the form may write into, beside the saved one."""
    return Slot.objects.prefetch_related("pins").get(pk=pk) if pk else Slot(type=next(iter(TYPES)))


def _save(request: HttpRequest, editor: Editor) -> bool:
    reason = request.POST.get("reason", "").strip()[:200]
    try:
        saving.save(editor.slot, actor=pages.operator(request), reason=reason, pins=editor.pins)
    except ValidationError as error:
        editor.wrong += error.messages
        return False
    messages.success(request, _("Saved “%(name)s”: the next slate obeys it.") % {"name": editor.slot.name})
    return True


def _delete(request: HttpRequest, slot: Slot) -> HttpResponse:
    if not request.user.has_perm("recommender.delete_slot"):
        raise PermissionDenied
    if refused := refusal(slot.name):
        messages.error(request, refused)
        return redirect("admin:recommender_slot_change", slot.pk)
    name, reason = slot.name, request.POST.get("reason", "").strip()[:200]
    saving.delete(slot, actor=pages.operator(request), reason=reason)
    messages.success(request, _("Deleted “%(name)s”.") % {"name": name})
    return redirect("admin:recommender_slot_changelist")


def _editor(request: HttpRequest, saved: Slot | None, editor: Editor, allowed: bool, **shown: Any) -> TemplateResponse:
    slot = saved or editor.slot
    _name_pins(editor)
    name = titles().get(slot.name, slot.name)
    return pages.render(
        request,
        "dashboard/slot.html",
        name if saved else _("New slot"),
        name=name,
        saved=saved,
        editor=editor,
        form=editor.form,
        lines=[(name, label, editor.lines[name], hint) for name, (label, hint) in LINE_WORDS.items()],
        problems=list(editor.problems()),
        kind=type_title(slot.type),
        attributes=checking.attributes()[:MOST_ATTRIBUTES],
        may_change=allowed,
        looks=pages.looks(request, "recommender.change_slot"),
        may_delete=saved is not None and saved.name not in KEPT and request.user.has_perm("recommender.delete_slot"),
        history=_history(saved) if saved else [],
        offered_people=sorted({viewer.shopper_id for viewer in slot_changes.lately(slot)} - {""}),
        offered=Product.objects.order_by("-units_sold", "pk")[:OFFERED],
        **(_preview(request, saved, editor) | shown),
    )


def _name_pins(editor: Editor) -> None:
    """Under each pin's number, what it is."""
    lines = {line: str(line["product_id"].value() or "") for line in editor.lines["pins"]}
    names = product_names(lines.values())
    for line, product_id in lines.items():
        line["product_id"].help_text = names.get(product_id, "")


def _history(slot: Slot) -> list[tuple[str, str, str, str]]:
    """Moment, act, by whom, why."""
    entries = AuditEntry.objects.filter(object_type="recommender.slot", object_id=str(slot.pk)).select_related("actor")
    return [
        (words.moment(entry.at, _("j M Y H:i")), act_in_words(entry.action), by_whom(entry), entry.reason)
        for entry in entries.order_by("-at")[:LAST_CHANGES]
    ]


def _review(saved: Slot | None, editor: Editor) -> dict[str, Any]:
    """What is otherwise, and for whom."""
    difference = previewing.diff(editor.slot, slot_changes.lately(editor.slot), pins=editor.pins)
    names = slot_changes.names_of(difference.changes)
    return {
        "review": True,
        "changed": slot_changes.settings_changed(saved, editor.slot, editor.pins),
        "difference": difference,
        "kept": words.percent(difference.kept, 1, 0),
        "people": [
            (
                slot_changes.viewer_in_words(change.viewer, names),
                change.same,
                [names.get(product_id, product_id) for product_id in change.came],
                [names.get(product_id, product_id) for product_id in change.went],
            )
            for change in difference.changes
        ],
    }


def preview(request: HttpRequest) -> HttpResponse:
    """The fragment beside the editor: the form, and through whose eyes (``shopper``, ``visitor``, ``product``).

    GET is for who may not change the slot: it shows the slot as it is saved.
    """
    if not request.user.has_perm("recommender.view_slot"):
        raise PermissionDenied
    bound = request.method == "POST"
    pk = (request.POST if bound else request.GET).get("pk", "")
    found = Slot.objects.prefetch_related("pins").filter(pk=pk).first() if pk.isdecimal() else None
    editor = Editor(_copy(found.pk if found else None), request.POST if bound else None)
    if bound:
        editor.is_valid()
    shown = _preview(request, found, editor)
    shown |= {"problems": list(editor.problems())}
    return TemplateResponse(request, "admin/dashboard/slot_preview.html", shown)


def _preview(request: HttpRequest, saved: Slot | None, editor: Editor) -> dict[str, Any]:
    """Both slates for one viewer; without a form that can be read, the saved one."""
    asked = request.POST if request.method == "POST" else request.GET
    viewer = Viewer(*(asked.get(name, "").strip()[:128] for name in ("shopper", "visitor", "product")))
    bound = editor.form.is_bound
    context: dict[str, Any] = {"viewer": viewer, "valid": editor.fine}
    if viewer.product_id and not Product.objects.filter(pk=viewer.product_id).exists():
        context["missing"] = viewer.product_id
    if viewer.shopper_id:
        agreed = Shopper.objects.filter(pk=viewer.shopper_id).values_list("personalised", flat=True).first()
        context |= {"stranger": agreed is None, "declined": agreed is False}
    try:
        before = previewing.preview(saved, viewer) if saved else None
        after = previewing.preview(editor.slot, viewer, pins=editor.pins) if bound and editor.fine else None
    except (FilterError, ValueError, LookupError) as error:
        return context | {"error": str(error)}
    first = before or after
    if first is None:
        return context
    if editor.fine and (text := editor.slot.filter.strip()):
        context["let_through"] = words.number(checking.matching(text))
    if editor.fine:
        context["warnings"] = noticing.warnings(editor.slot, editor.pins if bound else list(editor.slot.pins.all()))
    old, new = slot_changes.side_by_side(first, after or first)
    return context | {"before": old if before else None, "after": new if after else None, **_said(after or first)}


def _said(slate: Slate) -> dict[str, Any]:
    return {
        "slate": slate,
        "removed": [(rule_words(rule), count) for rule, count in slate.removed.items()],
        "skipped": [(product_id, rule_words(rule)) for product_id, rule in slate.skipped_pins.items()],
    }
