"""``manage.py ratings_report``: one page and one JSON of a file, and clear words for a file that cannot be read."""

from __future__ import annotations

import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command

HEADER = "user_id,item_id,rating,timestamp,title\n"


def some_ratings(path, rows=600):
    rng = np.random.default_rng(5)
    pairs = rng.permutation(60 * 40)[:rows]

    def stars(pair):
        return int(np.clip(round(rng.normal(3 + pair % 40 % 3, 0.7)), 1, 5))

    lines = [
        f"u{pair // 40},i{pair % 40},{stars(pair)},{880000000 + 3600 * n},Film {pair % 40}\n"
        for n, pair in enumerate(pairs.tolist())
    ]
    # Given twice, without a rating, and long before the web.
    again = lines[0].replace("880000000", "990000000")
    path.write_text(HEADER + "".join(lines) + again + "u1,i1,,880000000,\n" + "u2,i2,4,-5,\n")
    return path


def test_a_file_becomes_one_page_and_its_figures(tmp_path):
    out = tmp_path / "out"
    call_command(
        "ratings_report", csv=some_ratings(tmp_path / "r.csv"), out=out, only=["global_mean", "biases", "item_knn"]
    )
    found = json.loads((out / "ratings.json").read_text())
    assert {rule["rule"]: rule["rows"] for rule in found["cleaning"] if rule["rows"]} == {
        "missing_rating": 1,
        "impossible_time": 1,
        "repeated": 1,
    }
    assert found["train"] + found["test"] == 600
    errors = {row["name"]: row["all"]["rmse"]["value"] for row in found["raters"]}
    assert errors["biases"] < errors["global_mean"]
    page = (out / "ratings.html").read_text()
    assert page.count("<svg") == 4
    assert page.count("<table") == 5
    assert "prefers-color-scheme: dark" in page
    assert "http" not in page


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: the file is empty"),
        ("user_id,item_id,rating\n", "line 1: column timestamp is missing"),
        ("user_id,user_id,item_id,rating,timestamp\n", "line 1: column user_id stands twice"),
        (HEADER + "a,b,4,880000000,x\na,c,good,880000000,x\n", "line 3: column rating: 'good' is no number"),
        (HEADER + "a,b,inf,880000000,x\n", "line 2: column rating: 'inf' is not finite"),
        (HEADER + "a,b,4,yesterday,x\n", "line 2: column timestamp: 'yesterday' is neither"),
        (HEADER + "a,b,4\n", "line 2: 3 cells where the header has 5 columns"),
        (HEADER + ",b,4,880000000,x\n", "none is left: missing_id 1"),
        (HEADER + "a,b,4,880000000,x\n", "of one moment"),
        ("user_id,item_id,rating,timestamp\n\xff".encode("latin-1"), "not UTF-8"),
    ],
)
def test_a_bad_file_is_refused_with_line_and_column(tmp_path, text, reason):
    path = tmp_path / "bad.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CommandError, match=reason):
        call_command("ratings_report", csv=path, out=tmp_path)
    assert not (tmp_path / "ratings.html").exists()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"none\.csv: No such file"):
        call_command("ratings_report", csv=tmp_path / "none.csv", out=tmp_path)
