"""What a row of Complete Journey's taxonomy is called, and what it looks like.

The data know a product by words such as ``SFT DRNK 2 LITER BTL CARB`` only. ``taxonomy.json`` maps them to nouns, shapes,
contents and palettes; brands and flavours are invented (no real brand is in the data), one per manufacturer and one per
product. ``aisles.json`` is the category tree; what it does not name (fuel, coupons, tobacco, tickets, ...) is not sold.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
SIZE = re.compile(r"^\.?(\d+)[\d./ -]*(oz|lb|ct|l|ml|gal|qt|pt|pk|sq ft)$")
# Fresh goods arrive in crates: a size above this is not what a customer takes home.
CRATES = {"lb": 5, "ct": 12}

Row = Mapping[str, Any]


def stable(*parts: object) -> int:
    """A number of 48 bits that depends on nothing but its arguments (``hash`` is salted, this is not)."""
    return int.from_bytes(hashlib.blake2s("|".join(map(str, parts)).encode(), digest_size=6).digest(), "big")


@dataclass(frozen=True)
class Look:
    """What a product is: its words and the parts of its picture."""

    noun: str
    shape: str
    glyph: str
    palettes: tuple[str, ...]
    tint: str
    variety: str = ""
    qualifier: str = ""
    # A variety that is a whole name ("ginger ale") replaces the noun.
    whole: bool = False

    @property
    def words(self) -> str:
        """English name in small letters, without brand and size."""
        core = self.variety if self.whole else _joined(self.variety, self.noun, " ")
        return core if self.repeats else f"{self.qualifier} {core}".strip()

    @property
    def repeats(self) -> bool:
        """Whether the variety says what the qualifier says."""
        return self.qualifier in self.variety.replace("-", " ").split()


@dataclass(frozen=True)
class Shelf:
    """A leaf of the category tree."""

    aisle: str
    slug: str
    en: str
    zh: str

    @property
    def path(self) -> str:
        """Path of the category."""
        return f"{self.aisle}/{self.slug}"


@dataclass(frozen=True)
class Texts:
    """What is written about a product, besides its English name."""

    name_zh: str
    description_en: str
    description_zh: str
    tags: list[str]


def readable_size(text: str) -> str:
    """``8 1/2 oz`` as ``8.5 oz``, ``10/6.75 oz`` and ``10-1 oz`` as ``10 x 6.75 oz`` and ``10 x 1 oz``, ``2 l`` as ``2 L``."""
    amount, unit = re.sub(r"\s*([a-z][a-z ]*)$", r"|\1", text).split("|")
    if mixed := re.fullmatch(r"(\d+) (\d+)/(\d+)", amount):
        amount = f"{int(mixed[1]) + int(mixed[2]) / int(mixed[3]):.3f}"
    elif (part := re.fullmatch(r"(\d)/(2|4|8)", amount)) and int(part[1]) < int(part[2]):
        amount = f"{int(part[1]) / int(part[2]):.3f}"
    elif packs := re.fullmatch(r"(\d+) ?[-/] ?(\d*\.?\d+)", amount):
        # Pieces and pounds come as ranges ("14-18 ct"), ounces as packs ("10-1 oz").
        amount = amount if unit in ("ct", "lb") and "-" in amount else f"{packs[1]} x {float(packs[2]):g}"
    amount = re.sub(r"(\.\d*?)0+$", r"\1", amount).rstrip(".")
    if not re.fullmatch(r"(\d{1,3} x )?[\d-]{0,6}(\.\d+)?", amount) or amount.endswith("-"):
        return ""
    return f"{'0' if amount.startswith('.') else ''}{amount} {'L' if unit == 'l' else unit}"


def _joined(variety: str, noun: str, space: str) -> str:
    """The two beside each other; what ends the one and begins the other stands once ("mixed fruit" and "fruit cups")."""
    last = variety.rpartition(" ")[2] if space else variety[-2:]
    if len(last) > 1 and noun.startswith(last + space):
        return variety + noun[len(last) :]
    return f"{variety}{space}{noun}".strip()


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    return value.strip() if isinstance(value, str) else ""


@dataclass
class Taxonomy:
    """The tables, read once."""

    data: dict[str, Any] = field(default_factory=lambda: _read("taxonomy.json"))
    aisles: list[dict[str, Any]] = field(default_factory=lambda: _read("aisles.json"))
    translations: dict[str, dict[str, str]] = field(default_factory=lambda: _read("chinese.json"))

    @cached_property
    def shelves(self) -> dict[str, Shelf]:
        """Category of the data to shelf."""
        return {
            category: Shelf(aisle["slug"], shelf["slug"], shelf["en"], shelf["zh"])
            for aisle in self.aisles
            for shelf in aisle["shelves"]
            for category in shelf["from"]
        }

    @cached_property
    def _rules(self) -> list[tuple[re.Pattern[str], re.Pattern[str], dict[str, Any]]]:
        return [(re.compile(rule["category"]), re.compile(rule["type"]), rule) for rule in self.data["rules"]]

    def shelf(self, row: Row) -> Shelf | None:
        """The shelf it stands on, or None: it is not sold here."""
        if _text(row, "department") in self.data["off_the_shelf"]:
            return None
        return self.shelves.get(_text(row, "product_category"))

    def look(self, row: Row) -> Look:
        """Department, then category, then the first rule that fits; without a variety."""
        category, kind = _text(row, "product_category"), _text(row, "product_type")
        found: dict[str, Any] = dict(
            self.data["departments"].get(_text(row, "department")) or self.data["departments"]["MISCELLANEOUS"]
        )
        known = self.data["categories"].get(category, {})
        found["noun"] = self._tidy(kind) or self._tidy(category)
        found |= known
        for in_category, in_kind, rule in self._rules:
            if in_category.search(category) and in_kind.search(kind):
                found |= {key: rule[key] for key in ("noun", "shape", "glyph", "palettes") if key in rule}
                break
        noun = self.data["renamed"].get(found["noun"], found["noun"])
        look = Look(noun, found["shape"], found["glyph"], tuple(found["palettes"]), found["tint"])
        for pattern, word in self.data["qualifiers"].items():
            if re.search(pattern, kind) and word not in look.noun:
                return replace(look, qualifier=word)
        return look

    def varieties(self, row: Row, look: Look) -> Iterator[Look]:
        """The invented varieties of a product, its own first; the look itself where its noun has none.

        In the tables ``peach=peach`` is a word and its glyph, ``!ginger ale`` a whole name.
        """
        choices: list[str] = self.data["varieties"].get(look.noun, [])
        if not choices:
            yield look
            return
        first = stable("variety", row["product_id"]) % len(choices)
        for choice in choices[first:] + choices[:first]:
            word, _, glyph = choice.partition("=")
            yield replace(look, variety=word.lstrip("!"), whole=word.startswith("!"), glyph=glyph or look.glyph)

    def brand(self, row: Row) -> str:
        """The shop's own label for private brands; else one invented word for each manufacturer (fresh goods: and category)."""
        if _text(row, "brand") == "Private":
            return str(self.data["own_brand"])
        fresh = _text(row, "department") in self.data["fresh"]
        grower = _text(row, "product_category") if fresh else ""
        brands: list[str] = self.data["brands"]
        return brands[stable("brand", grower, row.get("manufacturer_id") or row["product_id"]) % len(brands)]

    def size(self, row: Row) -> str:
        """``16 OZ`` as ``16 oz``; nothing for what is not a size, nor for the crate in which fresh goods arrive."""
        text = _text(row, "package_size").lower()
        found = SIZE.match(text)
        if not found:
            return ""
        crate = _text(row, "department") in self.data["fresh"] and int(found[1]) > CRATES.get(found[2], 64)
        return "" if crate else readable_size(text)

    def picture(self, row: Row, look: Look, brand: str) -> dict[str, Any]:
        """The parts from which :mod:`shop.catalogue.packshots` draws it; JSON."""
        own = brand == self.data["own_brand"]
        choice = stable(brand, row["product_id"] if own else "", look.noun) % len(look.palettes)
        return {
            "shape": look.shape,
            "glyph": look.glyph,
            "palette": look.palettes[choice],
            "tint": look.tint,
            "own": own,
        }

    def texts(self, look: Look, shelf: Shelf, brand: str, size: str) -> Texts:
        """Chinese name, descriptions and tags: what the data know, and a hint of the aisle how to keep or use it."""
        own = brand == self.data["own_brand"]
        tags = [tag for tag in (look.qualifier, "own brand" if own else "") if tag]
        name_zh = self.chinese(look) or shelf.zh
        choices = self._notes[shelf.aisle]
        note_en, note_zh = choices[stable("note", brand, look.words, size) % len(choices)]
        pack_en, pack_zh = (f", {size}", f"，{size}") if size else ("", "")
        maker_en, maker_zh = ("Pushcart, our own brand", "自有品牌 Pushcart ") if own else (brand, f"{brand} ")
        return Texts(
            name_zh=name_zh,
            description_en=f"{look.words[:1].upper()}{look.words[1:]} by {maker_en}{pack_en}. {note_en}",
            description_zh=f"{maker_zh}{name_zh}{pack_zh}。{note_zh}",
            tags=tags,
        )

    @cached_property
    def _notes(self) -> dict[str, list[tuple[str, str]]]:
        return {aisle["slug"]: aisle["notes"] for aisle in self.aisles}

    def chinese(self, look: Look) -> str:
        """Chinese name, or empty where a word of it has no translation: qualifier, variety, noun, with no spaces between."""
        parts = [
            self.translations["words"].get(word, "")
            for word in ("" if look.repeats else look.qualifier, look.variety)
            if word
        ]
        if not look.whole:
            parts.append(self.translations["nouns"].get(look.noun, ""))
        return reduce(lambda whole, part: _joined(whole, part, ""), parts) if all(parts) else ""

    def _tidy(self, text: str) -> str:
        """Readable words from a type such as ``SW GDS:COFFEE CAKES`` or ``FRZN FRUIT(BAG)``."""
        text = re.sub(r"\(.*|[^A-Z0-9&' /:-]", " ", text.upper())
        words = [self.data["words"].get(word, word.lower()) for word in re.split(r"[\s:/-]+", text) if word]
        return " ".join(dict.fromkeys(word for word in words if word))[:40].strip()


def _read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))
