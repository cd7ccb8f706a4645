"""Why a slate is as it is: what each product's score was made of, what rules took out, and why a product is not in it.

``then.py`` puts together what a logged slate was chosen from, ``making.py`` explains a choice, ``replaying.py`` a slate as it was,
``missing.py`` says why not another product, ``telling.py`` puts it into words.
"""
