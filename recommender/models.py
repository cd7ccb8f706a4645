"""Table of contents: every model of the room, so that Django finds them."""

__all__: list[str] = []
