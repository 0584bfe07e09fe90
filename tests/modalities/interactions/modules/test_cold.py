"""Items that nobody had yet are known by their categories."""

import numpy as np
import pytest
import torch

from pipeline.dataset.rankings.listed import items_in, width_of
from pipeline.modalities.interactions.modules.cold import find_cold
from pipeline.modalities.interactions.network.interface import build


def test_the_most_alike_items_with_events_stand_for_one_without():
    items = ["a", "b", "c", "d", "e"]
    kinds = {"a": ["horror"], "b": ["horror", "comedy"], "c": ["comedy"], "d": ["horror"]}
    found = find_cold(items, kinds, np.array([5, 9, 7, 0, 0]))
    assert found.items.tolist() == [3]  # nothing is known of e
    assert found.near.tolist() == [[0, 1, 2]]
    assert not len(find_cold(items, {}, np.array([5, 9, 7, 0, 0])).items)


@pytest.mark.parametrize("name", ["ease", "als"])
def test_a_new_item_goes_to_those_who_like_its_kind(shards, name):
    items = [*shards.items, "zz new"]
    kinds = {item: [kind] for item, kind in shards.world.kind_of.items()} | {"zz new": ["horror"]}
    preparation = shards.preparation | {"items": items, "categories": kinds}
    torch.manual_seed(0)
    network = build(name, preparation, width_of(len(items)), {"factors": 16})
    network.fit(shards, None, 0)
    inputs, _, _ = shards.read_rows("test", 0)
    with torch.inference_mode():
        outputs = network.eval()({key: torch.from_numpy(v) for key, v in inputs.items()})
    listed = items_in(outputs.numpy())
    places = (listed == len(items) - 1).argmax(1)
    tastes = np.array([shards.world.taste_of[user] for user, _ in shards.test])
    assert np.median(places[tastes == "horror"]) < np.median(places[tastes != "horror"]) - 10
