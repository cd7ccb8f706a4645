"""``manage.py ratings_report``: one page and one JSON of a file, and clear words for a file that cannot be read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from recommender.ratings import RATERS
from recommender.ratings.reading import BadFile, read_csv

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
    assert page.count("<table") == 7
    assert "prefers-color-scheme: dark" in page
    assert "http" not in page
    assert 'lang="en"' in page
    assert [part["name"] for part in found["parts"]] == ["known", "cold_user", "cold_item"]
    assert all(point["low"] < point["test"] < point["high"] for point in found["learning"])
    assert sum(bar["n"] for bar in found["residuals"]) == found["test"]


def test_the_page_speaks_chinese_and_json_stays_as_it_is(tmp_path):
    file = some_ratings(tmp_path / "r.csv", 300)
    for language in ("en", "zh-hans"):
        call_command(
            "ratings_report", csv=file, out=tmp_path / language, only=["biases", "item_mean"], language=language
        )
    page = (tmp_path / "zh-hans" / "ratings.html").read_text()
    assert 'lang="zh-hans"' in page
    words = re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.S)
    # What is left of English: names of measures and of papers, the file, the moment.
    left = set(re.findall(r"[A-Za-z]{3,}", words)) - {"RMSE", "MSE", "MAE", "NDCG", "MRR", "csv"}
    sources = " ".join(RATERS.get(name).source for name in ("biases", "item_mean"))
    rules = " ".join(rule["rule"] for rule in json.loads((tmp_path / "en" / "ratings.json").read_text())["cleaning"])
    assert left <= set(re.findall(r"[A-Za-z]{3,}", f"{sources} {rules}"))
    english, chinese = (json.loads((tmp_path / code / "ratings.json").read_text()) for code in ("en", "zh-hans"))
    for found in (english, chinese):
        for row in found["raters"]:
            row.pop("seconds")
        found.pop("made_at")
    assert english == chinese


def test_long_work_says_where_it_is(tmp_path, capsys):
    call_command("ratings_report", csv=some_ratings(tmp_path / "r.csv", 200), out=tmp_path, only=["biases", "content"])
    told = capsys.readouterr().out
    for line in ("1/2 biases: learning", "2/2 content: RMSE", "learning curve of", "5/5", "written:"):
        assert line in told


def test_a_model_that_the_file_says_too_little_for_is_left_out_by_name(tmp_path):
    lines = some_ratings(tmp_path / "r.csv", 200).read_text().splitlines()[:200]
    (tmp_path / "r.csv").write_text("".join(f"{line.rpartition(',')[0]}\n" for line in lines))
    call_command("ratings_report", csv=tmp_path / "r.csv", out=tmp_path, only=["biases", "content"])
    found = json.loads((tmp_path / "ratings.json").read_text())
    assert [row["name"] for row in found["raters"]] == ["biases"]
    assert found["left_out"][0]["name"] == "content"
    assert "Left out: content" in (tmp_path / "ratings.html").read_text()


@pytest.mark.parametrize(
    ("encoding", "given"),
    [("utf-8-sig", ""), ("utf-16", ""), ("gb18030", "gb18030")],
)
def test_files_of_other_encodings_and_separators_are_read_the_same(tmp_path, encoding, given):
    text = "item_id;user_id;Rating;timestamp;title\nb;王;4,5;2026-01-31T12:00:00+08:00;电影\n\nb;a;3;1769832000000;\n"
    (tmp_path / "r.csv").write_bytes(text.encode(encoding))
    raw = read_csv(tmp_path / "r.csv", given)
    assert raw.users == ["王", "a"]
    assert raw.value.tolist() == [4.5, 3]
    assert raw.at.tolist() == [1769832000, 1769832000]
    assert raw.texts == {"b": "电影"}
    assert raw.line.tolist() == [2, 4]


def test_excel_s_line_about_the_separator_is_no_header(tmp_path):
    (tmp_path / "r.csv").write_text("sep=;\nuser_id;item_id;rating;timestamp\na;b;4,5;880000000\na;c;x;880000000\n")
    with pytest.raises(BadFile, match="line 4: column rating: 'x'"):
        read_csv(tmp_path / "r.csv")
    (tmp_path / "r.csv").write_text("sep=;\nuser_id;item_id;rating;timestamp\na;b;4,5;880000000\n")
    assert read_csv(tmp_path / "r.csv").value.tolist() == [4.5]


def test_one_user_and_one_item_are_enough_for_a_report(tmp_path):
    rows = "".join(f"me,i{n % 7},{n % 5 + 1},{900000000 + n}\n" for n in range(7))
    (tmp_path / "r.csv").write_text("user_id,item_id,rating,timestamp\n" + rows)
    call_command(
        "ratings_report", csv=tmp_path / "r.csv", out=tmp_path, only=["biases", "user_knn", "item_knn", "svdpp"]
    )
    found = json.loads((tmp_path / "ratings.json").read_text())
    assert found["users"] == 1
    assert len(found["raters"]) == 4


@pytest.mark.parametrize("rows", [2, 6, 26])
def test_a_file_of_few_ratings_is_reported_by_the_models_that_it_is_enough_for(tmp_path, rows):
    lines = some_ratings(tmp_path / "r.csv", rows).read_text().splitlines(keepends=True)[: rows + 1]
    (tmp_path / "r.csv").write_text("".join(lines))
    call_command("ratings_report", csv=tmp_path / "r.csv", out=tmp_path, only=["biases", "linear", "boosting", "mlp"])
    found = json.loads((tmp_path / "ratings.json").read_text())
    few = found["train"] < 20
    assert [one["name"] for one in found["left_out"]] == (["linear", "boosting", "mlp"] if few else [])
    assert (
        "Left out: mlp. The file says too little for it (more ratings)." in (tmp_path / "ratings.html").read_text()
    ) == few


def test_a_file_is_reported_without_a_shop(tmp_path):
    """In production, too, and without one of the keys and servers that a shop needs."""
    command = [sys.executable, "manage.py", "ratings_report", "--csv", str(some_ratings(tmp_path / "r.csv", 30))]
    environment = {"PATH": os.environ["PATH"], "DEBUG": "0"}
    done = subprocess.run(
        [*command, "--only", "global_mean", "--out", str(tmp_path)],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "ratings.html").exists()


def test_later_ratings_that_are_all_the_same_are_reported_without_r2(tmp_path):
    rows = "".join(f"u{n % 4},i{n % 5},{4 if n >= 10 else n % 5 + 1},{900000000 + n}\n" for n in range(20))
    (tmp_path / "r.csv").write_text("user_id,item_id,rating,timestamp\n" + rows)
    call_command("ratings_report", csv=tmp_path / "r.csv", out=tmp_path, only=["global_mean", "biases"])
    found = json.loads((tmp_path / "ratings.json").read_text(), parse_constant=pytest.fail)
    assert [row["all"]["r2"] for row in found["raters"]] == [None, None]
    assert found["raters"][0]["all"]["rmse"]["value"] <= found["raters"][1]["all"]["rmse"]["value"]
    assert found["best"] == found["raters"][0]["name"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: the file is empty"),
        (
            "user_id,item_id,rating\n",
            "line 1: column timestamp is missing: there are user_id, item_id, rating; name them user_id",
        ),
        ("userId,movieId,rating,timestamp\n1,2,3,4\n", "line 1: columns user_id, item_id are missing"),
        (HEADER, "a header and no ratings below it"),
        (HEADER + '"a\nb",b,4,880000000,x\na,c,bad,880000000,x\n', "line 4: column rating"),
        ("user_id,user_id,item_id,rating,timestamp\n", "line 1: column user_id is there twice"),
        (
            HEADER + "a,b,4,880000000,x\na,c,good,880000000,x\n",
            "line 3: column rating: 'good' is no number: correct the cell or empty it",
        ),
        (HEADER + "a,b,inf,880000000,x\n", "line 2: column rating: 'inf' is no number"),
        (HEADER + "a,b,4,yesterday,x\n", "line 2: column timestamp: 'yesterday' is neither"),
        (HEADER + "a,b,4\n", "line 2: 3 cells where there are 5 columns: put cells"),
        (HEADER + ",b,4,880000000,x\n", r"0 are left \(missing_id 1\)"),
        (HEADER + "a,b,4,880000000,x\n", "of 1 rows 1 are left"),
        (HEADER + "a,b,4,880000000,x\n" * 3, r"of 3 rows 1 are left \(repeated 2\)"),
        (HEADER + "a,b,4,880000000,x\na,c,4,880000000,x\n", "of one moment"),
        (
            HEADER + 'a,b,4,880000000,x\na,c,4,880000000,"x\nb,b,4,880000000,y\n',
            "line 3: unexpected end of data: close",
        ),
        ("user_id,item_id,rating,timestamp\n\xff".encode("latin-1"), "line 2: not UTF-8 text: save it as"),
    ],
)
def test_a_bad_file_is_refused_with_line_and_column(tmp_path, text, reason):
    path = tmp_path / "bad.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CommandError, match=reason):
        call_command("ratings_report", csv=path, out=tmp_path)
    assert not (tmp_path / "ratings.html").exists()


def test_an_unknown_encoding_is_refused(tmp_path):
    some_ratings(tmp_path / "r.csv", 5)
    with pytest.raises(CommandError, match="no encoding 'klingon'"):
        call_command("ratings_report", csv=tmp_path / "r.csv", encoding="klingon", out=tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"none\.csv: No such file"):
        call_command("ratings_report", csv=tmp_path / "none.csv", out=tmp_path)
