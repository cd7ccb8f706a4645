"""The rooms of the settings make one whole."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from django.conf import settings

ROOMS = Path(settings.BASE_DIR) / "config" / "settings"


def _written(room: Path) -> set[str]:
    """The settings that ``room`` gives a value."""
    stores = (node for node in ast.walk(ast.parse(room.read_text())) if isinstance(node, ast.Name))
    return {node.id for node in stores if isinstance(node.ctx, ast.Store) and node.id.isupper()}


def test_every_setting_is_written_in_one_room_and_reaches_django():
    rooms = {room.stem: _written(room) for room in ROOMS.glob("*.py") if room.stem != "__init__"}
    written = Counter(name for names in rooms.values() for name in names)
    assert [name for name, times in written.items() if times > 1] == []
    missing = [name for name in written if not hasattr(settings, name)]
    assert missing == []
    assert len(written) > 100
