"""Live curves of a training run; see DVCLive."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dvclive import Live
from scmrepo.exceptions import SCMError

from pipeline.runtime.errors import MissingInput
from pipeline.runtime.files import optional
from pipeline.runtime.stage import Stage
from pipeline.targets.protocols.loss import Loss

LIVE = Path("dvclive")
CURVES = (f"{LIVE}/", "its live curves are not whole")


@contextmanager
def live_curves(
    stage: Stage, num_epochs: int, loss: Loss
) -> Iterator[Callable[[dict[str, float]], str]]:
    """Yields a function that writes an epoch's row into dvclive/ and returns a line of progress.

    Raises:
        MissingInput: git has no current commit, which DVCLive needs.
    """
    live = None
    try:
        if stage.writes:
            with optional(*CURVES):
                live = Live(str(LIVE), save_dvc_exp=False, dvcyaml=None, report=None)
    except SCMError as error:
        raise MissingInput(
            f"git does not say which commit this is, and DVCLive looks for it: {error}",
            fix="if there is none yet, make it: git add -A && git commit -m 'Groundwork'",
        ) from None
    shown: list[float] = []
    best_of = max if loss.MORE_IS_BETTER else min

    def log(row: dict[str, float]) -> str:
        shown.append(row[loss.SHOWN])
        state = f"epoch {row['epoch']} of {num_epochs}, best val {best_of(shown):.4f}"
        if live is not None:
            with optional(*CURVES):
                for name, value in row.items():
                    if name != "epoch":
                        live.log_metric(name, value, plot=True)
            with optional(*CURVES):
                live.next_step()
        return state

    try:
        yield log
    finally:
        if live is not None:
            with optional(*CURVES):
                live.end()
