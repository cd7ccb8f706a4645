"""Experiments: a slot divided between arms, and which of them is better.

``steering`` makes, starts and ends them, ``running`` is what a process holds of them, ``variants`` what a request gets.
``outcomes`` and ``results`` say what came of it, ``verdicts`` in words; ``bandits`` and ``learning`` move the shares.
"""
