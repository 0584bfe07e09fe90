"""Problems of files that cannot be read, and how to fix those that all files of a tree share."""

UNPACK = "unpack it, and point uri at the folder"
LINK_OUTSIDE = (
    "a link that leads outside the folder, which `links` in the catalog entry does not allow"
)
LINK_TO_FOLDER = "a link to a folder, which `links` in the catalog entry does not allow"
LINK_NOWHERE = "a link that leads nowhere"
LINK_TO_ABSENT_ANNEX = "a link of git-annex to a content that is not here"
LINK_TO_ABSENT_OBJECT = "a link into a cache of DVC that has no such object"
NOT_REGULAR = "no regular file but a link or a device"
SPARSE = "a sparse file, which is not read"
ENCRYPTED = "encrypted"
FIXES = {
    LINK_TO_ABSENT_ANNEX: "bring the contents here: git annex get",
    LINK_TO_ABSENT_OBJECT: "bring the objects here: dvc pull, then dvc checkout",
    SPARSE: f"pack it again without --sparse, or {UNPACK}",
    ENCRYPTED: f"{UNPACK} (7z x asks for its password)",
}


class UnusableFile(Exception):
    """Why a member cannot be read."""

    def __init__(self, reason: str, *, transient: bool = False) -> None:
        """A `transient` reason may be gone the next time that the member is read."""
        super().__init__(reason)
        self.transient = transient


def compressed_by(method: str) -> str:
    """The problem of a file of an archive by a method that is not read."""
    return f"compressed by {method}, which is not read"


def fix_of(problem: str) -> str | None:
    """What to do if all files of a tree have this problem; None if unknown."""
    if problem.startswith("compressed by "):
        return f"pack it again as Deflate (7z a -tzip -mm=Deflate), or {UNPACK}"
    if problem in (LINK_OUTSIDE, LINK_TO_FOLDER):
        return (
            "add `links: follow` to the catalog entry, data/catalog/NAME.yaml (two lines more make "
            "one: uri and license; then groundwork add NAME), or the folder that it may lead to"
        )
    return FIXES.get(problem)
