"""A storage of models that is on no disk of this machine."""

from __future__ import annotations

import hashlib

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from recommender.dataset.arrays import BrokenFile
from recommender.models import ModelVersion
from recommender.training.artefacts import local_path

CONTENT = b"half and half"
VERSION = ModelVersion(file="popular.arrays", sha256=hashlib.sha256(CONTENT).hexdigest())


class Overtaken(Storage):
    """Holds one file; while one process is half through it, another fetches the same."""

    def __init__(self):
        self.held: set[str] = set()
        self.asked = 0

    def _save(self, name, content):
        self.held.add(name)
        return name

    def exists(self, name):
        return name in self.held

    def _open(self, name, mode="rb"):
        if name not in self.held:
            raise FileNotFoundError(name)
        self.asked += 1
        file = ContentFile(CONTENT)
        if self.asked == 1:
            file.chunks = self._overtaken
        return file

    def _overtaken(self):
        yield CONTENT[:4]
        assert local_path(VERSION).read_bytes() == CONTENT
        yield CONTENT[4:]


@pytest.fixture
def elsewhere(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.STORAGES = settings.STORAGES | {"models": {"BACKEND": f"{__name__}.Overtaken"}}
    return storages["models"]


def test_two_processes_may_fetch_a_model_at_once(elsewhere, tmp_path):
    elsewhere.save(VERSION.file, ContentFile(CONTENT))
    assert local_path(VERSION).read_bytes() == CONTENT
    assert elsewhere.asked == 2
    assert [path.name for path in (tmp_path / "model-cache").iterdir()] == [VERSION.file]


def test_a_model_that_is_not_there_is_refused_by_name(elsewhere, tmp_path):
    with pytest.raises(BrokenFile, match=r"popular\.arrays is not in the storage"):
        local_path(VERSION)
    assert list((tmp_path / "model-cache").iterdir()) == []
