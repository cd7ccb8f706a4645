"""Session files of public benchmarks become the dataset and the questions that they say."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from recommender.dataset.files import MissingFile, UnreadableFile, read_sessions

ROOT = Path(__file__).parents[2]
TABLE = "SessionId\tItemId\tTime\n"


def write(path: Path, text: str) -> None:
    with gzip.open(path, "wt") as file:
        file.write(text)


@pytest.fixture
def timestamped(tmp_path):
    write(tmp_path / "train.txt.gz", TABLE + "2\tc\t200\n1\tb\t110.5\n1\ta\t100\n2\ta\t90000\n")
    write(tmp_path / "test.txt.gz", TABLE + "7\tb\t100020\n7\ta\t100000\n7\tnew\t100030\n")
    return tmp_path


def named(files, rows) -> list[str]:
    return [files.train.products.ids[row] for row in rows]


def test_the_shop_s_rules_clean_files_too_and_say_what_they_took(tmp_path) -> None:
    people = "1\ta\t100\n1\ta\t100.5\n1\tb\t160\n2\ta\t90000\n2\tb\t90060\n"
    robot = "".join(f"9\ta\t{5000 + second}\n" for second in range(120))
    write(tmp_path / "train.txt.gz", TABLE + people + robot)
    write(tmp_path / "test.txt.gz", TABLE + "7\ta\t100000\n7\tb\t100020\n")
    plain, cleaned = (read_sessions(tmp_path, "timestamped", clean=clean) for clean in (False, True))
    assert (len(plain.train), plain.touched) == (125, {})
    assert named(cleaned, cleaned.train.product) == ["a", "b", "a", "b"]
    assert {rule: rows for rule, rows in cleaned.touched.items() if rows} == {"robot_rate": 120, "repeated": 1}
    assert cleaned.train.products.ids == plain.train.products.ids
    write(tmp_path / "train_sessions.txt.gz", "a b\n")
    write(tmp_path / "test_prefix_target.tsv.gz", "a\tb\n")
    with pytest.raises(ValueError, match="no times"):
        read_sessions(tmp_path, "prefix", clean=True)


def test_rows_are_put_in_the_order_of_time_and_sessions_in_the_order_of_their_end(timestamped) -> None:
    files = read_sessions(timestamped, "timestamped")
    assert files.train.sessions == 2
    # A day within session 2 does not cut it: the file says what a session is.
    assert named(files, files.train.product) == ["a", "b", "c", "a"]
    assert files.train.at.tolist() == [100_000, 110_500, 200_000, 90_000_000]


def test_every_position_after_the_first_is_asked(timestamped) -> None:
    files = read_sessions(timestamped, "timestamped")
    assert [named(files, prefix) for prefix in files.prefixes] == [["a"], ["a", "b"]]
    assert named(files, files.targets) == ["b", "new"]


def test_prefix_and_target_are_read_as_they_stand(tmp_path) -> None:
    write(tmp_path / "train_sessions.txt.gz", "5 6 6\n7 5\n")
    write(tmp_path / "test_prefix_target.tsv.gz", "5 6\t7\n7\t7\n")
    files = read_sessions(tmp_path, "prefix")
    assert named(files, files.train.product) == ["5", "6", "6", "7", "5"]
    assert np.diff(files.train.session_start).tolist() == [3, 2]
    assert [named(files, prefix) for prefix in files.prefixes] == [["5", "6"], ["7"]]
    assert named(files, files.targets) == ["7", "7"]


def test_the_numbering_of_the_file_does_not_decide_ties(tmp_path) -> None:
    write(tmp_path / "train_sessions.txt.gz", " ".join(str(item) for item in range(50)))
    write(tmp_path / "test_prefix_target.tsv.gz", "1\t2\n")
    ids = [int(item) for item in read_sessions(tmp_path, "prefix").train.products.ids]
    assert sorted(ids) == list(range(50))
    assert abs(np.corrcoef(ids, range(50))[0, 1]) < 0.5


def test_what_is_missing_or_wrong_is_named(tmp_path, timestamped) -> None:
    with pytest.raises(MissingFile, match=r"train_sessions\.txt\.gz"):
        read_sessions(tmp_path, "prefix")
    (timestamped / "train.txt.gz").unlink()
    with pytest.raises(MissingFile, match=r"train\.txt\.gz or train_full\.txt\.gz"):
        read_sessions(timestamped, "timestamped")
    write(timestamped / "train_full.txt.gz", "SessionId\tItem\n1\t2\n")
    with pytest.raises(ValueError, match="lacks the columns ItemId, Time"):
        read_sessions(timestamped, "timestamped")


PREFIX = {"train_sessions.txt.gz": b"1 2\n2 3\n", "test_prefix_target.tsv.gz": b"1\t2\n"}
TIMES = {"train.txt.gz": TABLE.encode() + b"1\ta\t1\n", "test.txt.gz": TABLE.encode() + b"2\ta\t3\n2\ta\t4\n"}


@pytest.mark.parametrize(
    ("form", "broken", "content", "reason"),
    [
        ("prefix", "train_sessions.txt.gz", b"", "holds no session to learn from"),
        ("prefix", "test_prefix_target.tsv.gz", b"\n", "holds no prefix to ask for"),
        ("prefix", "test_prefix_target.tsv.gz", b"1\t2\n\n1 2 3\n", "line 3 is not a prefix"),
        ("prefix", "test_prefix_target.tsv.gz", b"\t2\n", "line 1 is not a prefix"),
        ("prefix", "test_prefix_target.tsv.gz", b"1\t2 3\n", "line 1 is not a prefix"),
        ("prefix", "train_sessions.txt.gz", gzip.compress(b"1 2\n" * 99, mtime=0)[:-9], "cannot be unpacked"),
        ("prefix", "train_sessions.txt.gz", b"\xff\xfe1", "not UTF-8"),
        ("timestamped", "train.txt.gz", b"", "no table of SessionId"),
        ("timestamped", "train.txt.gz", TABLE.encode(), "holds no session to learn from"),
        ("timestamped", "train.txt.gz", TABLE.encode() + b"1\ta\t1\n1\tb\tnoon\n", "line 3 is not a session"),
        ("timestamped", "test.txt.gz", TABLE.encode() + b"1\ta\n", "line 2 is not a session"),
        ("timestamped", "test.txt.gz", TABLE.encode() + b"1\ta\t1\n", "holds no session of two acts"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path, form, broken, content, reason) -> None:
    for name, usual in {**PREFIX, **TIMES}.items():
        (tmp_path / name).write_bytes(content if name == broken else gzip.compress(usual))
    with pytest.raises(UnreadableFile, match=f"{broken}.*{reason}"):
        read_sessions(tmp_path, form)


def test_unpacked_files_and_windows_line_ends_are_read_alike(tmp_path) -> None:
    for name, content in PREFIX.items():
        (tmp_path / name.removesuffix(".gz")).write_bytes(content.replace(b"\n", b"\r\n"))
    files = read_sessions(tmp_path, "prefix")
    assert named(files, files.train.product) == ["1", "2", "2", "3"]
    assert named(files, files.targets) == ["2"]


def benchmark(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.sessions", "--data", str(folder), "--format", "timestamped", *more]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_benchmark_prints_its_figures_as_json_lines_or_the_file_that_it_lacks(tmp_path) -> None:
    rng = np.random.default_rng(0)
    # Who sees an even item sees the one above it next.
    for name, sessions in (("train", range(300)), ("test", range(300, 330))):
        lines = [
            f"{session}\t{first + step}\t{1000 * session + step}\n"
            for session in sessions
            for first in [2 * int(rng.integers(10))]
            for step in (0, 1)
        ]
        twice = lines[:1] if name == "train" else []
        write(tmp_path / f"{name}.txt.gz", TABLE + "".join([*lines, *twice]))
    done = benchmark(tmp_path, "--exclude-current", "--model", "session_knn", "--clean", "--json")
    assert done.returncode == 0, done.stderr
    figures = {line["name"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert figures["HR@20"]["value"] == figures["MRR@20"]["value"] == 1.0
    assert figures["MRR@20"]["context"]["low"] <= 1.0 <= figures["MRR@20"]["context"]["high"]
    assert figures["HR@20"]["context"]["cleaned"] == {"repeated": 1}
    assert {"HR@20_repeats_removed", "p50_ms", "p99_ms", "fit_seconds", "peak_mb"} <= figures.keys()
    (tmp_path / "test.txt.gz").write_bytes(b"")
    broken = benchmark(tmp_path)
    assert (broken.returncode, broken.stdout) == (1, "")
    assert len(broken.stderr.splitlines()) == 1, "a line, and no traceback"
    (tmp_path / "test.txt.gz").unlink()
    lacking = benchmark(tmp_path)
    assert lacking.returncode == 1
    assert "lacks test.txt.gz" in lacking.stderr


@pytest.mark.skipif(find_spec("torch") is not None, reason="the encoder can be trained here")
def test_what_cannot_be_trained_here_is_not_measured_as_if_it_had_been(tmp_path) -> None:
    done = benchmark(tmp_path, "--model", "encoder")
    assert (done.returncode, done.stdout) == (1, "")
    assert "encoder cannot be measured: PyTorch is not installed" in done.stderr
