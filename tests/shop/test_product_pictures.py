"""Every product has a picture: drawn, small, the same each time, as SVG for pages and PNG for e-mails."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.catalogue.packshots import PICTURE_WIDTHS, Picture, png, svg
from shop.catalogue.packshots.kit import GLYPHS, SHAPES
from shop.demo.taxonomy import Taxonomy
from shop.models import Product
from tests.factories.catalogue import make_product

PLAIN = Picture("1", "carton", "drop", "sky", "Umber & Ash", "64 oz")
# Rendered once and looked at; a change of the drawings changes it, and then `pictures.EDITION` is raised.
LOOKED_AT = "3373d4db"


def _looks_of_the_taxonomy() -> set[tuple[str, str, str, str]]:
    """Shape, glyph, palette and tint of every rule, category and variety."""
    taxonomy = Taxonomy()
    looks = set()
    for department in taxonomy.data["departments"]:
        for category in [*taxonomy.data["categories"], "SOMETHING ELSE"]:
            row = {"product_id": 1, "department": department, "product_category": category, "product_type": ""}
            look = taxonomy.look(row)
            for variety in taxonomy.varieties(row, look):
                looks |= {(look.shape, variety.glyph, palette, look.tint) for palette in look.palettes}
    for rule in taxonomy.data["rules"]:
        look = taxonomy.look({"product_id": 1, "department": "GROCERY", "product_category": "?", "product_type": ""})
        for glyph in [rule.get("glyph", look.glyph)]:
            for palette in rule.get("palettes", look.palettes):
                looks.add((rule.get("shape", look.shape), glyph, palette, look.tint))
    return looks


def test_everything_that_the_taxonomy_names_is_drawn_in_under_three_kilobytes():
    looks = _looks_of_the_taxonomy()
    assert len(looks) > 1000
    for shape, glyph, palette, tint in looks:
        for own in (False, True):
            picture = Picture("1082185", shape, glyph, palette, "Candlewick Lane", "16.9 oz", tint, own)
            drawn = picture.draw()
            ElementTree.fromstring(drawn)
            assert len(drawn.encode()) < 3072, (shape, glyph)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_a_shape_draws_every_glyph_for_every_layout_of_labels(shape):
    for glyph in GLYPHS:
        for brand in ("", "Alder & Oat", "Fennhollow", "Tansy", "Quillfield", "Brindle", "Drystone"):
            drawn = replace(PLAIN, shape=shape, glyph=glyph, brand=brand, own=not brand).draw()
            assert ElementTree.fromstring(drawn).tag == "{http://www.w3.org/2000/svg}svg"


def test_ids_in_a_picture_are_its_own_and_all_resolve():
    for shape in SHAPES:
        drawn = replace(PLAIN, shape=shape).draw()
        ids = re.findall(r' id="([^"]+)"', drawn)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r"url\(#([^)]+)\)", drawn)) | set(re.findall(r'href="#([^"]+)"', drawn)) == set(ids)
        assert not set(ids) & set(re.findall(r' id="([^"]+)"', replace(PLAIN, shape=shape, key="2").draw()))


def test_the_same_product_has_the_same_bytes_in_another_process():
    code = (
        "from shop.catalogue.packshots.drawing import Picture;"
        "print(Picture('1', 'carton', 'drop', 'sky', 'Umber & Ash', '64 oz').draw(), end='')"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert other.stdout == PLAIN.draw()
    assert hashlib.sha256(PLAIN.draw().encode()).hexdigest()[:8] == LOOKED_AT


@given(
    brand=st.text(max_size=80),
    size=st.text(max_size=40),
    asked=st.one_of(
        st.none(),
        st.dictionaries(
            st.sampled_from(["shape", "glyph", "palette", "tint", "own"]),
            st.one_of(st.text(max_size=30), st.integers(), st.none(), st.lists(st.text(max_size=3), max_size=2)),
        ),
    ),
)
def test_nothing_a_shop_writes_about_a_product_can_break_its_picture(brand, size, asked):
    drawn = svg(Product(id="<&>\"'", brand=brand, size=size, attributes={"picture": asked}))
    tree = ElementTree.fromstring(drawn)
    names = {element.tag.rpartition("}")[2] for element in tree.iter()}
    assert not names & {"script", "foreignObject", "image", "text", "a", "style"}


def test_a_png_has_its_width_and_other_widths_are_refused():
    product = Product(id="1", brand="Tansy", size="1 lb", attributes={})
    for width in PICTURE_WIDTHS:
        data = png(product, width)
        assert data.startswith(b"\x89PNG")
        assert int.from_bytes(data[16:20], "big") == int.from_bytes(data[20:24], "big") == width
    with pytest.raises(ValueError, match="241"):
        png(product, 241)


@pytest.mark.django_db
def test_a_picture_is_served_cached_and_confirmed_unchanged(client):
    product = make_product(id="a/b.c", brand="Tansy")
    for url, kind in (("/p/a/b.c.svg", "image/svg+xml"), ("/p/a/b.c.png?w=120", "image/png")):
        first = client.get(url)
        assert (first.status_code, first["Content-Type"]) == (200, kind)
        assert "max-age" in first["Cache-Control"]
        again = client.get(url, headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        product.size = f"{product.size}9 oz"
        product.save()
        assert client.get(url, headers={"If-None-Match": first["ETag"]}).status_code == 200
    assert client.get("/p/a/b.c.png?w=121").status_code == 400
    assert client.get("/p/nothing.svg", follow=True).status_code == 404
