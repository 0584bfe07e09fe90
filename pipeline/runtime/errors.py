"""The errors a user can meet.

GroundworkError        one line: what is wrong and where, then what to do
├── SettingsError      params.yaml or a catalog entry says something impossible
├── SourceError        the data is not where, or not what, its catalog entry says
├── MissingInput       a stage's input is not there, or was only half written
├── InputChanged       an input was edited while the stage ran
├── BrokenDataset      the data failed validation
├── ReviewError        data/reviews/<dataset>.csv says something impossible
├── TrainingError      training cannot go on
├── ExportError        what would be served does not answer as the network does
├── CompareError       two runs cannot be compared
├── HistoryError       git has no such commit, or not what is asked of it
├── FindError          a question about examples cannot be answered
├── ForgetError        examples cannot be erased, or not all of them were
├── ServingError       a model cannot be served, or a server cannot start
├── FileError          the system refused to read or write a file
└── WorkerKilled       a worker process died
"""

import errno
import os
import re
import shlex
from functools import partial
from pathlib import Path
from typing import Any


class GroundworkError(Exception):
    """A problem that the person who started the run can solve.

    `what` names the file or key, what was expected and what was found; `fix` says what to do.
    """

    def __init__(self, what: str, *, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are pickled as their `args`, which lack `fix`; a worker could not send one.
        return partial(type(self), fix=self.fix), (self.what,)

    def __str__(self) -> str:
        return f"ERROR {one_line(self.what)} | fix: {one_line(self.fix)}"


class SettingsError(GroundworkError):
    pass


class SourceError(GroundworkError):
    pass


class MissingInput(GroundworkError):
    pass


class InputChanged(GroundworkError):
    pass


class BrokenDataset(GroundworkError):
    pass


class ReviewError(GroundworkError):
    pass


class TrainingError(GroundworkError):
    pass


class ExportError(GroundworkError):
    pass


class CompareError(GroundworkError):
    pass


class HistoryError(GroundworkError):
    pass


class FindError(GroundworkError):
    pass


class ForgetError(GroundworkError):
    pass


class ServingError(GroundworkError):
    pass


class FileError(GroundworkError):
    pass


class WorkerKilled(GroundworkError):
    pass


NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
NOT_ALLOWED = (errno.EACCES, errno.EPERM)
PARTIAL = re.compile(r"\.\d+\.partial\Z")
"""What the name of a file ends with until it is whole; see files.py."""
FILE_FIXES = {
    **dict.fromkeys(NO_ROOM, "make room on the disk, then run it again"),
    **dict.fromkeys(NOT_ALLOWED, "see who may read and write it: ls -ld {name}"),
    errno.EROFS: "mount that disk for writing, or work in a folder elsewhere",
    errno.EISDIR: "move the folder away: mv {name} {name}.old",
    errno.ENOTDIR: "move away the file that stands where a folder should be",
    errno.ENOENT: "bring it back: git checkout or dvc checkout {name}",
    errno.EFBIG: "allow larger files: ulimit -f unlimited",
    errno.EMFILE: "allow more open files: ulimit -n 4096",
    errno.ENFILE: "close other programs, which have too many files open",
    errno.ENAMETOOLONG: "give it a shorter name, or work in a folder nearer to the root",
    errno.EIO: "the disk fails: copy what is on it to another one",
}
"""What to do about a refusal of the system; `name` is the file, quoted for a shell."""


def as_groundwork_error(error: GroundworkError | OSError | UnicodeError) -> GroundworkError:
    """What a stage or a command that ended with `error` says in a line.

    Readers that know more say it themselves; this is for what any file can meet at any time.
    """
    if isinstance(error, GroundworkError):
        return error
    if isinstance(error, UnicodeError):
        return FileError(f"a file is not UTF-8 text: {error}", fix="save it as UTF-8")
    reason = (error.strerror or str(error) or type(error).__name__).rstrip(".")
    if error.filename is None:
        what, name = f"a file cannot be read or written: {reason}", "."
    else:
        names = [str(name) for name in (error.filename, error.filename2) if name is not None]
        shown = [PARTIAL.sub("", name) for name in names]
        what, name = f"{' or '.join(shown)} cannot be read or written: {reason}", names[0]
        if error.errno in NOT_ALLOWED and not os.path.lexists(name):  # it could not be made
            name = str(Path(name).parent)
    fix = FILE_FIXES.get(error.errno or 0, "see to the file and its disk, then run it again")
    return FileError(what, fix=fix.format(name=shlex.quote(name)))


def one_line(text: str) -> str:
    """Keep foreign text (file names, labels) from breaking the line or driving the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
