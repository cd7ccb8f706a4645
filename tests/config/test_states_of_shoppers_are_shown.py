"""An operator sees what the states of shoppers are, and in which one a shopper is."""

from __future__ import annotations

import numpy as np
import pytest

from config.dashboard.shopper import _state
from recommender.algorithms.popular import Popular
from recommender.dataset import Kind
from recommender.dataset.building import read_dataset
from recommender.known import champions
from recommender.known.contexts import Known, context_of
from recommender.profiles.long_term import learn
from recommender.profiles.states import learn_states
from recommender.training import artefacts
from recommender.training.models import ModelVersion
from shop.models import Shopper
from tests.factories.models import make_shop
from tests.factories.people import make_operator

pytestmark = pytest.mark.django_db


@pytest.fixture
def champion(monkeypatch):
    """A model as a training leaves it, opened from its file."""
    make_shop(shoppers=12, weeks=4)
    dataset = read_dataset()
    assert (dataset.kind == Kind.PURCHASE).all()
    states = learn_states(dataset, without=["s3"])
    stored = artefacts.store(Popular().fit(dataset), learn(dataset, without=["s3"]), states)
    version = ModelVersion.objects.create(
        algorithm="popular", slot="home", status="champion", file=stored.file, sha256=stored.sha256
    )
    model = artefacts.open_model(version)
    monkeypatch.setattr(champions, "_models", {"home": model})
    monkeypatch.setattr(champions, "_loaded", True)
    return model


def test_the_page_of_models_and_of_a_shopper_say_it(champion, client) -> None:
    client.force_login(make_operator())
    page = client.get("/admin/models/").content.decode()
    assert "States of shoppers" in page
    # Nobody looked at anything in this shop: what looking would tell is not claimed.
    assert "Hardly seen in these data: products looked at" in page
    means = champion.states.model.means
    assert f"{means[2, 3]:.2f}" in page
    assert "buying (" in client.get("/admin/shopper/s1/").content.decode()
    # Whoever refused personalisation has none, at once: not only after the next training.
    Shopper.objects.filter(pk="s1").update(personalised=False)
    assert _state(Shopper.objects.get(pk="s1")) == _state(Shopper.objects.get(pk="s3")) == "–"


def test_algorithms_are_told_of_whoever_is_known(champion) -> None:
    found = context_of(Known(shopper_id="s1"), "email", champion, 0)
    assert found.states.tolist() == champion.states.of("s1").tolist()
    assert found.states.sum() == pytest.approx(1.0)
    assert np.argmax(found.states) == 2
    for nobody in ("", "stranger", "s3"):
        assert not len(context_of(Known(shopper_id=nobody), "home", champion, 0).states)
