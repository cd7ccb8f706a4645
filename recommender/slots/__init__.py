"""Slots: the named places where recommendations are shown, each with what the operator wants of it.

``models.py`` is what the database keeps, ``snapshot.py`` what a process holds of it in memory, ``types/`` what kinds of slot there
are, ``choosing.py`` how one is filled. :func:`recommender.serving.recommend` takes a slot by its name.
"""
