"""Draw a pack shot, a small SVG picture, for a product that has no photograph.

One family of pictures, built from four things: a shape (what the pack is), a glyph (what is in it), a palette (four colours) and
a label layout that belongs to the brand. Light always falls from the top left, everything stands on one floor line. The same
product always gives the same bytes, under 3 KB.
"""

from shop.catalogue.packshots.drawing import PICTURE_WIDTHS, Picture, png, svg

__all__ = ["PICTURE_WIDTHS", "Picture", "png", "svg"]
