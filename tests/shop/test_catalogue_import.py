"""Products come from a file once, wrong rows are set aside with their reason, a dry run changes nothing."""

from __future__ import annotations

import csv
import json
import re
import textwrap
from decimal import Decimal

import pytest
from django.conf import settings as settings_of_django
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.catalogue.importers import IMPORTERS, ImporterError
from shop.catalogue.importing import FIELDS, import_catalogue
from shop.catalogue.search import search
from shop.models import Category, Product
from tests.factories.catalogue import make_product

pytestmark = pytest.mark.django_db

GOOD = """id,name_en,name_zh,brand,size,category,price,list_price,stock,tags,active
1,Ground coffee,咖啡粉,Tansy,12 oz,Drinks/Coffee,4.50,5.00,7,organic|own brand,yes
2,Green tea,绿茶,Tansy,20 ct,drinks/tea,3,,0,,
"""


def _write(tmp_path, text, name="products.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def _run(path, **options):
    return import_catalogue(IMPORTERS.get("csv")(), path, **options).as_dict()


def test_products_and_their_categories_are_made_and_found(tmp_path):
    counts = _run(_write(tmp_path, GOOD))
    assert counts == {"created": 2, "changed": 0, "unchanged": 0, "refused": 0}
    coffee = Product.objects.get(pk="1")
    assert (coffee.price, coffee.list_price, coffee.stock) == (Decimal("4.50"), Decimal("5.00"), 7)
    assert coffee.tags == ["organic", "own brand"]
    assert coffee.category.path == "drinks/coffee"
    assert coffee.category.parent.path == "drinks"
    assert Category.objects.count() == 3
    assert [product.pk for product in search("咖啡").products] == ["1"]


def test_the_importer_of_the_manual_works(tmp_path):
    page = (settings_of_django.BASE_DIR / "docs" / "how-to" / "add-an-importer.md").read_text()
    example = textwrap.dedent(re.search(r"^ +```python\n(.*?)^ +```$", page, re.DOTALL | re.MULTILINE)[1])
    names: dict = {}
    exec(example, names)
    importer = names["JsonLinesImporter"]()
    path = _write(tmp_path, '{"id": "7", "name_en": "Oats", "category": "Breakfast", "price": 2.5}\n{"id": "8"}\n')
    assert import_catalogue(importer, path).as_dict() == {"created": 1, "changed": 0, "unchanged": 0, "refused": 1}
    assert Product.objects.get(pk="7").price == Decimal("2.50")
    with pytest.raises(ImporterError, match="line 1 is no JSON object"):
        import_catalogue(importer, _write(tmp_path, GOOD))


def test_the_same_file_twice_changes_nothing(tmp_path):
    path = _write(tmp_path, GOOD)
    _run(path)
    before = list(Product.objects.order_by("pk").values())
    assert _run(path) == {"created": 0, "changed": 0, "unchanged": 2, "refused": 0}
    assert list(Product.objects.order_by("pk").values()) == before


def test_columns_that_are_missing_leave_a_product_as_it_is(tmp_path):
    product = make_product(id="1", name_en="Coffee", price=Decimal("9"), stock=3, units_sold=77)
    assert _run(_write(tmp_path, "sku;Price\n1;4.25\n"))["changed"] == 1
    product.refresh_from_db()
    assert (product.name_en, product.price, product.stock, product.units_sold) == ("Coffee", Decimal("4.25"), 3, 77)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",Tea,drinks,1", "id: is empty"),
        ("9,,drinks,1", "name_en: "),
        ("9,Tea,,1", "category: is empty"),
        ("9,Tea,drinks,", "price: is empty"),
        ("9,Tea,drinks,cheap", "price: 'cheap'"),
        ("9,Tea,drinks,-1", "price: '-1'"),
        ("9,Tea,drinks,1.999", "price: '1.999'"),
        ("9,Tea,drinks,NaN", "price: 'NaN'"),
        ("9,Tea,drinks,123456789012", "price: "),
        (f"{'9' * 129},Tea,drinks,1", "id: "),
        ("ok,Tea,drinks,1", "id: stands twice"),
    ],
)
def test_a_wrong_row_is_set_aside_and_the_others_are_kept(tmp_path, row, reason):
    path = _write(tmp_path, f"id,name_en,category,price\nok,Tea,drinks,1\n{row}\nlast,Rice,pantry,2\n")
    refused = tmp_path / "refused.csv"
    counts = _run(path, refused_to=refused)
    assert counts == {"created": 2, "changed": 0, "unchanged": 0, "refused": 1}
    with refused.open(encoding="utf-8", newline="") as file:
        (told,) = csv.DictReader(file)
    assert told["line"] == "3"
    assert told["reason"].startswith(reason)
    assert ",".join(told[name] for name in ("id", "name_en", "category", "price")) == row


def test_a_row_whose_currency_is_none_is_set_aside(tmp_path):
    path = _write(
        tmp_path, "id,name_en,category,price,currency\n1,Tea,drinks,1,EUR\n2,Tea,drinks,1,eur\n3,Tea,drinks,1,XYZ\n"
    )
    refused = tmp_path / "refused.csv"
    assert _run(path, refused_to=refused) == {"created": 1, "changed": 0, "unchanged": 0, "refused": 2}
    assert Product.objects.get(pk="1").currency == "EUR"
    with refused.open(encoding="utf-8", newline="") as file:
        told = [row["reason"] for row in csv.DictReader(file)]
    assert [(reason[:15], reason[-4:]) for reason in told] == [("currency: “eur”", "EUR."), ("currency: “XYZ”", "USD.")]


def test_a_dry_run_tells_the_same_and_changes_nothing(tmp_path):
    path = _write(tmp_path, GOOD + "3,Bad,drinks,x,,,,,\n")
    told = _run(path, dry_run=True)
    assert not Product.objects.exists()
    assert not Category.objects.exists()
    assert _run(path) == told


def test_a_file_that_is_none_is_refused_in_one_line(tmp_path):
    for text, encoding, message in (
        ("name,price\n", "utf-8", "no column `id`"),
        ("id\n咖啡\n", "gb18030", "not UTF-8"),
    ):
        with pytest.raises(CommandError, match=message):
            call_command("import_catalogue", str(_write(tmp_path, text, encoding=encoding)))
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_catalogue", str(tmp_path / "none.csv"))
    with pytest.raises(CommandError, match="there are csv"):
        call_command("import_catalogue", str(_write(tmp_path, GOOD)), format="xls")


def test_the_command_says_what_it_did(tmp_path, capsys):
    path = _write(tmp_path, GOOD + "3,Bad,drinks,,,,x,,,,\n")
    call_command("import_catalogue", str(path), "--json")
    assert json.loads(capsys.readouterr().out) == {"created": 2, "changed": 0, "unchanged": 0, "refused": 1}
    call_command("import_catalogue", str(path))
    out = capsys.readouterr().out
    assert "unchanged 2, refused 1" in out
    assert (tmp_path / "products.refused.csv").exists()


def test_a_zero_byte_refuses_its_row_alone_and_names_the_field(tmp_path):
    path = _write(tmp_path, GOOD + "a\x00b,Bad,drinks,,,,1.00,,,,\n4,Ba\x00d,drinks,,,,1.00,,,,\n")
    assert _run(path, refused_to=tmp_path / "no.csv")["refused"] == 2
    with (tmp_path / "no.csv").open(encoding="utf-8", newline="") as file:
        assert [row["reason"] for row in csv.DictReader(file)] == [
            "id: holds a zero byte",
            "name_en: holds a zero byte",
        ]


@given(rows=st.lists(st.lists(st.text(max_size=40), min_size=len(FIELDS), max_size=len(FIELDS)), max_size=4))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_row_is_counted_once_whatever_it_holds(tmp_path, rows):
    path = tmp_path / "any.csv"
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        csv.writer(file).writerows([FIELDS, *rows])
    counts = _run(path, refused_to=tmp_path / "no.csv")
    assert sum(counts.values()) == len(rows)
