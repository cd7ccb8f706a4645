"""The form of a slot: its fields, and lists of boosts, further types, fallbacks and pins, each line a small form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.dashboard.dressed import Dressed
from recommender.slots import boosting, checking
from recommender.slots.models import Slot, SlotPin
from recommender.slots.pinning import in_shop_time
from recommender.slots.titles import type_title
from recommender.slots.types import TYPES
from shop import clock
from shop.days import shop_zone

MOST_LINES = 50
# What a browser's field for date and time takes and sends.
MOMENT = "%Y-%m-%dT%H:%M"


def _types(*first: tuple[str, Any]) -> list[tuple[str, Any]]:
    return [*first, *((name, type_title(name)) for name in TYPES)]


class SlotForm(Dressed, forms.ModelForm):
    """What is one value each."""

    type = forms.ChoiceField(label=gettext_lazy("What it shows"), choices=_types)
    of_category = forms.IntegerField(
        label=gettext_lazy("Most of one category"), min_value=0, required=False, help_text=gettext_lazy("0: no limit")
    )
    of_brand = forms.IntegerField(
        label=gettext_lazy("Most of one brand"), min_value=0, required=False, help_text=gettext_lazy("0: no limit")
    )
    difference = forms.FloatField(
        label=gettext_lazy("Weight of difference"),
        min_value=0,
        max_value=1,
        required=False,
        help_text=gettext_lazy("0 to 1: how unlike each product is to those before it"),
    )

    class Meta:
        model = Slot
        fields = (
            *("name", "title", "type", "active", "size", "rotation", "exploration", "filter"),
            *("heading_en", "heading_zh", "reason_en", "reason_zh"),
        )
        widgets = {"filter": forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})}
        labels = {
            "name": gettext_lazy("Name in the API"),
            "title": gettext_lazy("Title"),
            "active": gettext_lazy("Switched on"),
            "size": gettext_lazy("Products"),
            "filter": gettext_lazy("Filter"),
            "rotation": gettext_lazy("Rotation"),
            "exploration": gettext_lazy("Exploration"),
            "heading_en": gettext_lazy("Heading, English"),
            "heading_zh": gettext_lazy("Heading, Chinese"),
            "reason_en": gettext_lazy("Reason, English"),
            "reason_zh": gettext_lazy("Reason, Chinese"),
        }
        help_texts = {
            "title": gettext_lazy("For operators; empty: what it shows."),
            "active": "",
            "size": gettext_lazy("1 to 100, where the page asks for no other number."),
            "filter": gettext_lazy('Such as category in "food" and price < 20; empty: everything that can be bought.'),
            "rotation": gettext_lazy("0 to 1: how far the order changes from visit to visit."),
            "exploration": gettext_lazy(
                "0 to 0.5 of the places for products that were hardly shown; empty: as set for the shop."
            ),
            "heading_en": gettext_lazy("Empty: what the products can prove."),
            "heading_zh": "",
            "reason_en": gettext_lazy("Under each product; empty: the reason that its model gives."),
            "reason_zh": "",
        }

    # In pairs, as the page sets them: English beside Chinese.
    field_order = (*Meta.fields[:7], "difference", "filter", "of_category", "of_brand", *Meta.fields[8:])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # 0 and 0.25, not 0.0.
        for name in ("rotation", "exploration"):
            if (share := self.initial.get(name)) is not None:
                self.initial[name] = f"{share:g}"
        diversity = self.instance.diversity
        for name, key in DIVERSITY.items():
            self.fields[name].initial = diversity.get(key, 0)

    def diversity(self) -> dict[str, float]:
        """As the slot keeps it, without what has no effect."""
        given = ((key, self.cleaned_data.get(name)) for name, key in DIVERSITY.items())
        return {key: value for key, value in given if value}


DIVERSITY = {"of_category": "category", "of_brand": "brand", "difference": "mmr"}


class Timed(Dressed, forms.Form):
    """What is in force from one moment to another."""

    starts_at = forms.CharField(
        label=gettext_lazy("From"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    ends_at = forms.CharField(
        label=gettext_lazy("Until"), required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )

    @property
    def standing(self) -> tuple[str, str] | None:
        """Whether it is in force as saved, in words, and the tone of that; None for a new line."""
        if not self.initial:
            return None
        now = clock.now()
        starts, ends = (_moment(self.initial.get(name, "")) for name in ("starts_at", "ends_at"))
        if ends and ends <= now:
            return _("over"), "wn"
        return (_("not yet"), "") if starts and starts > now else (_("in force"), "ok")

    def clean_starts_at(self) -> datetime | None:
        """In the shop's time."""
        return _moment(self.cleaned_data["starts_at"])

    def clean_ends_at(self) -> datetime | None:
        """In the shop's time."""
        return _moment(self.cleaned_data["ends_at"])


class BoostForm(Timed):
    """A condition and the factor for the products for which it holds, for a time."""

    where = forms.CharField(label=gettext_lazy("Where"), max_length=2000)
    factor = forms.FloatField(label=gettext_lazy("Factor"), min_value=boosting.LEAST, max_value=int(boosting.MOST))
    field_order = ("where", "factor", *boosting.TIMES)


class MixForm(Dressed, forms.Form):
    """A further type, and how much its products weigh beside the slot's own."""

    type = forms.ChoiceField(label=gettext_lazy("Type"), choices=lambda: _types(("", "–")))
    weight = forms.FloatField(label=gettext_lazy("Weight"), min_value=0.001, max_value=int(checking.HEAVIEST))


class FallbackForm(Dressed, forms.Form):
    """A type that fills what is missing."""

    type = forms.ChoiceField(label=gettext_lazy("Type"), choices=lambda: _types(("", "–")))


class PinForm(Timed):
    """A product at a place, for a time."""

    product_id = forms.CharField(
        label=gettext_lazy("Product"), max_length=128, widget=forms.TextInput(attrs={"list": "products"})
    )
    position = forms.IntegerField(label=gettext_lazy("Place in the row"), min_value=1, max_value=Slot.MOST)
    field_order = ("product_id", "position", *boosting.TIMES)


def _moment(text: str) -> datetime | None:
    """Of what a browser's field for date and time sends.

    Raises:
        forms.ValidationError: it is none.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise forms.ValidationError(_("Write it as 2026-12-24T18:00.")) from None
    return in_shop_time(moment)


def _written(moment: datetime | None) -> str:
    return moment.astimezone(shop_zone()).strftime(MOMENT) if moment else ""


Lines = forms.BaseFormSet


def _lines(form: type[forms.Form]) -> type[Lines]:
    return forms.formset_factory(form, extra=1, can_delete=True, max_num=MOST_LINES, absolute_max=MOST_LINES)


# Name of the lines to their kind and to what the slot has of them.
KINDS: dict[str, tuple[type[Lines], Callable[[Slot], list[dict[str, Any]]]]] = {
    "boosts": (
        _lines(BoostForm),
        lambda slot: [
            boost | {name: _written(boosting.moment(boost.get(name))) for name in boosting.TIMES}
            for boost in slot.boosts
        ],
    ),
    "mix": (_lines(MixForm), lambda slot: [{"type": name, "weight": weight} for name, weight in slot.mix.items()]),
    "fallbacks": (_lines(FallbackForm), lambda slot: [{"type": name} for name in slot.fallbacks]),
    "pins": (
        _lines(PinForm),
        lambda slot: [
            {
                "product_id": pin.product_id,
                "position": pin.position,
                "starts_at": _written(pin.starts_at),
                "ends_at": _written(pin.ends_at),
            }
            for pin in (slot.pins.all() if slot.pk else ())
        ],
    ),
}


# Name of the lines to their heading and to what they are for.
LINE_WORDS = {
    "boosts": (
        gettext_lazy("Boosts and buries"),
        gettext_lazy(
            "A condition and a factor, for a time: above 1 moves forward, below 1 back. Such as age <= 14 and 1.5."
        ),
    ),
    "mix": (
        gettext_lazy("Mixed in"),
        gettext_lazy("Products of other types beside its own, whose weight is 1."),
    ),
    "fallbacks": (
        gettext_lazy("Filled with"),
        gettext_lazy("Types that fill what is missing, in order; what sells best comes last."),
    ),
    "pins": (
        gettext_lazy("Pinned products"),
        gettext_lazy("A product at a place, for a time; what cannot be bought is skipped. Times are the shop's."),
    ),
}


@dataclass(frozen=True)
class Problem:
    """What is wrong, where (in words), and the id of the field or list of the page that it is about; of none empty."""

    where: str
    text: str
    anchor: str = ""


class Editor:
    """A slot as it stands in the form, saved or not.

    Attributes:
        slot: as filled in; not saved.
        pins: those of the form.
        form, lines: to be drawn.
        wrong: what no single field holds.
        fine: whether :meth:`is_valid` said so; before it was asked, what is drawn is as saved.
    """

    def __init__(self, slot: Slot, data: QueryDict | None = None) -> None:
        self.slot = slot
        self.pins: list[SlotPin] = []
        self.wrong: list[str] = []
        self.fine = data is None
        self.lines = {name: kind(data, prefix=name, initial=of(slot)) for name, (kind, of) in KINDS.items()}
        self.form = SlotForm(data, instance=slot)

    def is_valid(self) -> bool:
        """Whether the slot could be saved; if it can be read it stands in :attr:`slot`, and what is wrong at its field."""
        # Every part is looked at: all that is wrong is said at once.
        alone, lists = self.form.is_valid(), [lines.is_valid() for lines in self.lines.values()]
        if not all(lists):
            return False
        slot = self.slot
        slot.diversity = self.form.diversity()
        slot.boosts = [boosting.line_of(**line) for line in self._filled("boosts")]
        slot.mix = {line["type"]: line["weight"] for line in self._filled("mix")}
        slot.fallbacks = [line["type"] for line in self._filled("fallbacks")]
        self.pins = [SlotPin(**line) for line in self._filled("pins")]
        wrong, at_lines = checking.problems_by_line(slot, self.pins)
        if len(slot.mix) < len(self._filled("mix")):
            wrong.setdefault("mix", []).append(_("A type stands there twice: take one line out."))
        for field in wrong.keys() - self.form.errors.keys():
            for message in wrong[field]:
                self._say(field, message)
        for name, found in at_lines.items():
            self._say_at_lines(name, found)
        self.fine = alone and not wrong and not at_lines
        return self.fine

    def problems(self) -> Iterator[Problem]:
        """All that is wrong, in the order of the page."""
        yield from (Problem("", message) for message in self.wrong)
        yield from _problems_of(self.form)
        for name, lines in self.lines.items():
            label = str(LINE_WORDS[name][0])
            yield from (Problem(label, str(message), f"lines-{name}") for message in lines.non_form_errors())
            for number, line in enumerate(lines, 1):
                where = _("%(list)s, line %(number)d") % {"list": label, "number": number}
                yield from _problems_of(line, f"{where}, ")

    def _filled(self, name: str) -> list[dict[str, Any]]:
        found = (form.cleaned_data for form in self._filled_forms(name))
        return [{key: value for key, value in line.items() if key != "DELETE"} for line in found]

    def _filled_forms(self, name: str) -> list[forms.Form]:
        lines = self.lines[name].forms
        return [line for line in lines if line.cleaned_data and not line.cleaned_data.get("DELETE")]

    def _say_at_lines(self, name: str, wrong: Iterable[checking.Wrong]) -> None:
        """At the field of the line, of those that are filled in."""
        filled = self._filled_forms(name)
        for where, message in wrong:
            line, _slash, field = where.partition("/")
            if field:
                filled[int(line)].add_error(field, message)
            else:
                self._say(name, message)

    def _say(self, field: str, message: str) -> None:
        if field in self.form.fields:
            self.form.add_error(field, message)
        elif field in self.lines:
            self.lines[field].non_form_errors().append(message)
        else:
            self.wrong.append(message)


def _problems_of(form: forms.BaseForm, before: str = "") -> Iterator[Problem]:
    for field in form:
        for message in field.errors:
            yield Problem(f"{before}{field.label}", str(message), field.auto_id)
