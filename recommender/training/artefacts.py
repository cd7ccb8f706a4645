"""Model files: one a trained algorithm, with the products that it indexes and what shoppers bought before.

They go through Django's storage (``STORAGES["models"]``) under the hash of their content, hold arrays only, and are opened with
mmap, so that all processes of a machine share one copy.
"""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages

from recommender.algorithms import ALGORITHMS
from recommender.algorithms.base import Algorithm
from recommender.dataset import arrays
from recommender.dataset.arrays import BrokenFile
from recommender.profiles.long_term import LongTerm
from recommender.profiles.states import ShopperStates
from recommender.training.models import ModelVersion

MOST_TRUSTED = 1_000


@dataclass(frozen=True)
class Stored:
    """Where a file lies, and what it must hash to."""

    file: str
    sha256: str
    size_bytes: int


@dataclass
class Model:
    """A model in memory: mapped arrays and the names of what they index.

    Attributes:
        fed_ms: sessions that ended until then have entered since it learned; never before ``history.until_ms``.
    """

    version: int
    label: str
    algorithm: Algorithm
    product_ids: list[str]
    history: LongTerm
    file: str = ""
    # None in files of before there were any, and where too few shoppers are known.
    states: ShopperStates | None = None
    fed_ms: int = -1

    def __post_init__(self) -> None:
        self.fed_ms = max(self.fed_ms, self.history.until_ms)

    @cached_property
    def row(self) -> dict[str, int]:
        """Product id to index."""
        return {product_id: row for row, product_id in enumerate(self.product_ids)}


def store(algorithm: Algorithm, history: LongTerm, states: ShopperStates | None = None) -> Stored:
    """Write a trained algorithm, and what is known of shoppers, to the storage; the same content is stored once."""
    members = {name: member.params() for name, member in getattr(algorithm, "members", {}).items()}
    meta = {
        "algorithm": algorithm.name,
        "params": algorithm.params(),
        "products": algorithm.products_,
        "members": members,
        "until_ms": history.until_ms,
    }
    content = {f"model/{name}": array for name, array in algorithm.learned().items()}
    kept = history.columns(purchases=algorithm.reads_purchases, browsing=algorithm.reads_browsing)
    content |= {f"history/{name}": array for name, array in kept.items()}
    content |= {f"states/{name}": array for name, array in (states.columns() if states else {}).items()}
    content |= {f"catalogue/{name}": array for name, array in arrays.pack_strings(history.product_ids).items()}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        arrays.write(path, content, meta)
        sha256 = file_hash(path)
        name = f"{algorithm.name}-{sha256[:20]}.arrays"
        storage = storages["models"]
        if not storage.exists(name):
            with path.open("rb") as file:
                name = storage.save(name, File(file))
        return Stored(name, sha256, path.stat().st_size)


def file_hash(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def local_path(version: ModelVersion) -> Path:
    """The file of a version on this machine, fetched from the storage where that is elsewhere.

    Raises:
        BrokenFile: it is missing, or its content is not what was stored.
    """
    storage = storages["models"]
    try:
        path = Path(storage.path(version.file))
    except NotImplementedError:  # Django's word of storages whose files are elsewhere
        path = settings.DATA_DIR / "model-cache" / version.file
        if not path.exists():
            _fetch(storage, version.file, path)
    if not path.is_file():
        raise BrokenFile(f"{version.file} is not in the storage of models")
    state = State.of(path, version.sha256)
    if state not in _hashed and file_hash(path) != version.sha256:
        raise BrokenFile(f"{version.file} is not what was stored: its hash differs")
    trust(state)
    return path


class State(NamedTuple):
    """What tells a file of this machine from every other and from itself before a change, and what it hashes to."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path, sha256: str) -> State:
        """As it is now."""
        now = path.stat()
        return cls(now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns, sha256)


# Files that were hashed, by this process or one that told it: hashing some hundred megabytes takes a part of a second.
_hashed: set[State] = set()


def trust(state: State) -> None:
    """Take a file that is in this state for what it hashes to, without hashing it again."""
    if len(_hashed) >= MOST_TRUSTED:
        _hashed.clear()
    _hashed.add(state)


def state_of(version: ModelVersion) -> State | None:
    """The state in which the file of ``version`` was hashed; None where it was not, or has changed since."""
    try:
        state = State.of(Path(storages["models"].path(version.file)), version.sha256)
    except (NotImplementedError, OSError):
        return None
    return state if state in _hashed else None


def _fetch(storage: Storage, name: str, path: Path) -> None:
    """Copy a file of the storage to ``path``, which is there whole or not at all: other processes fetch it at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        with storage.open(name) as source, fresh.open("wb") as target:
            for chunk in source.chunks():
                target.write(chunk)
        fresh.replace(path)
    except FileNotFoundError:
        raise BrokenFile(f"{name} is not in the storage of models") from None
    finally:
        fresh.unlink(missing_ok=True)


def open_model(version: ModelVersion) -> Model:
    """The model of a version.

    Raises:
        BrokenFile: the file is missing, changed, not whole, or of an algorithm that is not installed.
    """
    found, meta = arrays.read(local_path(version))

    def part(name: str) -> dict[str, Any]:
        return {key.partition("/")[2]: array for key, array in found.items() if key.startswith(f"{name}/")}

    try:
        algorithm = ALGORITHMS.get(meta["algorithm"]).restore(part("model"), meta)
        product_ids = arrays.unpack_strings(part("catalogue"))
        history = LongTerm.of_columns(part("history"), product_ids, int(meta["until_ms"]))
        kept = part("states")
        states = ShopperStates.of_columns(kept) if kept else None
    except (LookupError, TypeError, ValueError) as error:
        raise BrokenFile(f"{version.file} cannot be opened: {error}") from error
    return Model(version.pk, str(version), algorithm, product_ids, history, version.file, states)
