"""The journals of all datasets, for those who read data/reviews or erase from it."""

from collections.abc import Callable

from pipeline.dataset.review.journal import JOURNALS, dataset_of, journal_path, without
from pipeline.dataset.review.store import ReviewStore
from pipeline.dataset.review.writing import locked, replace
from pipeline.runtime.stage import WORK_DIR


def settle_all() -> list[str]:
    """Bring what waits in the journals into data/reviews, and say what was done.

    Raises:
        ReviewError: a file of data/reviews is broken, or cannot be written.
    """
    sentences = []
    for path in sorted(WORK_DIR.glob(JOURNALS)):
        store = ReviewStore(dataset_of(path))
        store.settle()
        sentences += store.news()
    return sentences


def erase_from_journal(dataset: str, is_theirs: Callable[[str], bool]) -> int:
    """Erase the decisions about some ids from the journal of a dataset.

    Returns how many lines that were; damaged ones are among them, as nobody can say of whom they
    are.

    Raises:
        OSError: the journal cannot be read or written.
    """
    path = journal_path(dataset)
    if not path.exists():
        return 0
    with locked(path):
        kept, num_gone = without(path.read_bytes(), is_theirs)
        if num_gone:
            replace(path, kept)
    return num_gone
