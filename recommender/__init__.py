"""Recommendations: what is learned from the shop's data, what is shown to whom, and what came of it.

From what is asked to what all is made of: a folder imports from those below it only (``pyproject.toml``, docs/decisions/0138).

| folder | concept |
| --- | --- |
| ``serving/`` | a slate for a request: pages, endpoints, batches, previews, shadows |
| ``explanations/`` | why a slate is as it is, and why a product is not in it |
| ``experiments/`` | a slot divided between arms |
| ``feedback/`` | what people say of a product that a slate showed |
| ``slots/`` | named places and how they are filled: types, filters, boosts, pins, variety, exploration |
| ``slates/`` | what is shown: slates, their rules, reasons, log and sums |
| ``known/`` | what each process knows at the moment of a request: products, champions, ended sessions, who looks |
| ``training/`` | model versions: learned, judged, promoted, announced |
| ``signals/`` | what each kind of act weighs |
| ``exploration/`` | what is hardly shown: counted, drawn, and learning that knows what was shown |
| ``statistics/`` | comparisons of two sides, and what other decisions would have brought |
| ``ratings/`` | from ratings to stars, a file each; reports of files, apart from the shop |
| ``algorithms/`` | from a context to ranked products, a file or folder each |
| ``evaluation/`` | how good an answer is: tasks, metrics, intervals |
| ``features/`` | rows of numbers about a shopper, a product and the moment |
| ``profiles/`` | one shopper's history and state |
| ``asking/`` | what an algorithm is asked and what it answers |
| ``dataset/`` | events and orders as interactions: reading, cleaning, purchases, browsing, products |
"""
