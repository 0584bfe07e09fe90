"""The same list for all: the most popular items that are new to the user."""

from torch import Tensor

from pipeline.modalities.interactions.modules.ranker import Events, Ranker


class Popularity(Ranker):
    def learn(self, train: Events, val: Events, seed: int) -> None:
        """What is remembered is all there is to know."""

    def scores(self, codes: Tensor) -> Tensor:
        return self.popularity.expand(codes.shape[0], self.num_items)
