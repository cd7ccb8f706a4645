"""What a small made-up shop teaches reaches every kernel of a training, so that none is left to be compiled in a real one."""

from __future__ import annotations

from typing import Any

import numba.core.event as events
import pytest
from django.core.management import call_command

from recommender.algorithms.ahead import SHORT, small_shop
from recommender.algorithms.next_basket import NextBasket
from recommender.algorithms.ranked import Ranked
from recommender.dataset import Dataset


class Compiled(events.Listener):
    """Names of the kernels that were compiled, neither in memory nor in the cache before."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def on_start(self, event: Any) -> None:
        self.names.append(event.data["dispatcher"].py_func.__qualname__)

    def on_end(self, event: Any) -> None:
        """Nothing more to say."""


@pytest.fixture(scope="module")
def shop() -> Dataset:
    return small_shop()


def test_the_small_shop_teaches_trees_and_checks_them(shop) -> None:
    ranked = Ranked(**{key: value for key, value in SHORT.items() if key in Ranked().params()}).fit(shop)
    assert len(ranked.checked_) == 3
    basket = NextBasket(**{key: value for key, value in SHORT.items() if key in NextBasket().params()}).fit(shop)
    assert len(basket.checked_) == 2


def test_the_command_leaves_nothing_to_compile_and_does_it_once(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("recommender.management.commands.compile_kernels.DONE", tmp_path / "done")
    call_command("compile_kernels")
    assert "compile_kernels: ranked" in capsys.readouterr().out
    compiled = Compiled()
    with events.install_listener("numba:compile", compiled):
        learned = Ranked(questions=3_000, trees=1, deep=False).fit(small_shop(seed=5))
    assert len(learned.checked_) == 3
    assert compiled.names == []
    call_command("compile_kernels", missing=True)
    assert capsys.readouterr().out == "compile_kernels: all are compiled\n"


def test_an_algorithm_that_cannot_learn_is_named_and_keeps_no_other_from_it(tmp_path, monkeypatch, capsys) -> None:
    from django.core.management import CommandError

    from recommender.algorithms import ahead
    from recommender.algorithms.popular import Popular

    def fails(self: Popular, dataset: Dataset) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr("recommender.management.commands.compile_kernels.DONE", tmp_path / "done")
    monkeypatch.setattr(ahead, "ALGORITHMS", _Only("popular", "buy_again"))
    monkeypatch.setattr(Popular, "_fit", fails)
    with pytest.raises(CommandError, match="popular: MemoryError: no room"):
        call_command("compile_kernels")
    assert "buy_again" in capsys.readouterr().out
    assert not (tmp_path / "done").exists()


class _Only:
    """Some of the algorithms."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def __iter__(self):
        return iter(self.names)

    def get(self, name: str):
        from recommender.algorithms import ALGORITHMS

        return ALGORITHMS.get(name)
