"""Brings the journals of all datasets into data/reviews."""

from pipeline.dataset.review.journal import JOURNALS, dataset_of
from pipeline.dataset.review.store import ReviewStore
from pipeline.runtime.stage import WORK_DIR


def settle_all() -> list[str]:
    """Write pending decisions of the journals into data/reviews, and print what was done.

    Raises:
        ReviewError: a file of data/reviews is broken, or cannot be written.
    """
    sentences = []
    for path in sorted(WORK_DIR.glob(JOURNALS)):
        store = ReviewStore(dataset_of(path))
        store.settle()
        sentences += store.news()
    return sentences
