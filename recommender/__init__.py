"""Recommendations: what is learned from the shop's data, what is shown to whom, and what came of it.

| folder | concept |
| --- | --- |
| ``dataset/`` | events and orders as interactions: reading, cleaning, purchases, browsing, products |
| ``features/`` | rows of numbers about a shopper, a product and the moment |
| ``profiles/`` | one shopper's history and state |
| ``signals/`` | what each kind of act weighs |
| ``algorithms/`` | from a context to ranked products, a file or folder each |
| ``ratings/`` | from ratings to stars, a file each; reports of files, apart from the shop |
| ``evaluation/`` | how good an answer is: tasks, metrics, intervals |
| ``training/`` | model versions: learned, judged, promoted, announced |
| ``slots/`` | named places and their settings: types, filters, boosts, pins, variety |
| ``serving/`` | a slate for a request: facts, context, rules, reasons, log |
| ``exploration/`` | places for what is hardly shown, and learning that knows what was shown |
| ``feedback/`` | what people say of a product that a slate showed |
| ``explanations/`` | why a slate is as it is, and why a product is not in it |
| ``experiments/`` | a slot divided between arms |
| ``statistics/`` | comparisons of two sides, and what other decisions would have brought |
"""
