"""Training: from the shop's data to a champion for each task, by figures, without a word of anybody.

``run`` goes through the ``stages``, ``choosing`` and ``promotion`` say what serves, ``announcing`` tells it to every process;
``artefacts`` opens the files, ``due`` begins by itself.
"""
