"""Values of DICOM elements as plain Python, None where they are absent, empty or malformed."""

import logging
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pydicom import Dataset
from pydicom import Sequence as DicomSequence
from pydicom.errors import BytesLengthException

MALFORMED = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    NotImplementedError,
    EOFError,
    OSError,
    struct.error,
    zlib.error,
    BytesLengthException,
)
"""What pydicom raises on elements and files that break the standard."""


_LARGEST = 1e12
"""Larger numbers are faults; squares of them would overflow."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep pydicom's warnings about slightly broken sources from the user and from logs.

    What matters of them is checked by the readers, which then name the file and the cure. pydicom
    quotes the values it warns of, among them names.
    """

    def refuse(_: logging.LogRecord) -> bool:
        return False

    logger = logging.getLogger("pydicom")
    logger.addFilter(refuse)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeFilter(refuse)


def numbers(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """The `count` numbers of an element, none of them larger than anything that is measured."""
    try:
        value = dataset.get(keyword)
        if value is None:
            return None
        values = value if count > 1 else texts(dataset, keyword)[:1]
        found = tuple(float(v) for v in values)
    except MALFORMED:
        return None
    # False for what is no number, too.
    sensible = all(abs(value) <= _LARGEST for value in found)
    return found if len(found) == count and sensible else None


def number(dataset: Dataset, keyword: str) -> float | None:
    """The first number of an element."""
    found = numbers(dataset, keyword, 1)
    return found[0] if found else None


def integer(dataset: Dataset, keyword: str) -> int | None:
    """The first number of an element, as integer."""
    found = number(dataset, keyword)
    return None if found is None else round(found)


def texts(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """All values of an element as stripped text."""
    try:
        value = dataset.get(keyword)
    except MALFORMED:
        return ()
    if value is None or isinstance(value, Dataset):
        return ()
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        value = [value]
    return tuple(printable(str(v)).strip() for v in value)


def printable(text: str) -> str:
    """Text fit for one line of a message: line ends, escapes and half characters become `?`."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def text(dataset: Dataset, keyword: str) -> str:
    """The first value of an element as stripped text."""
    found = texts(dataset, keyword)
    return found[0] if found else ""


def items(dataset: Dataset, keyword: str) -> Sequence[Dataset]:
    """The items of a sequence; none where it is absent or no sequence."""
    try:
        value = dataset.get(keyword)
    except MALFORMED:
        return ()
    return value if isinstance(value, DicomSequence) else ()


def item(dataset: Dataset, keyword: str) -> Dataset:
    """The first item of a sequence; an empty data set where there is none."""
    found = items(dataset, keyword)
    return found[0] if found else Dataset()


def settle(dataset: Dataset) -> None:
    """Convert all elements now, under `quiet`, so that using them later raises no warning.

    pydicom converts elements when they are first used. What cannot be converted is removed.
    """
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
            if element.VR == "SQ":
                for nested in element.value:
                    settle(nested)
        except MALFORMED:
            del dataset[tag]
