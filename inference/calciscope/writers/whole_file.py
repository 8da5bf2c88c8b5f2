"""A file that is either whole or as it was, whatever happens while it is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a draft beside `path`, which takes its name when the block ends without an error."""
    draft = path.with_name(f".{path.name}.partial")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
