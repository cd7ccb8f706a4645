"""The shapes: importing this package registers them all."""

from shop.catalogue.packshots.shapes import bags, bakery, bottles, boxes, care, fresh, gifts

__all__ = ["bags", "bakery", "bottles", "boxes", "care", "fresh", "gifts"]
