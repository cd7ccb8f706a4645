"""What is known of a shopper, a product and the moment, as rows of numbers: one pipeline for whatever learns from rows.

``acts`` puts a shopper's past together, from a dataset or from a request; ``facts`` is what is known of products; ``describing``
makes columns of both; ``pipeline`` is scikit-learn's, from questions to rows; ``text`` and ``estimators`` are the
raters' too.
"""
