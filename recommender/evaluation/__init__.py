"""How good an algorithm is, measured: questions from what people did next, metrics of answers, intervals of both.

``tasks`` asks as the slots do, ``judging`` has the questions answered, ``metrics`` counts, ``intervals`` and ``paired`` say how
sure that is; ``weights`` and ``picking`` choose by it within a training.
"""
