"""Whatever is broken in a file, the answer is a CT or one of our own sentences."""

import random
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from calciscope.errors import InputError
from calciscope.phantom.dicom import write_ct_series
from calciscope.readers import read_ct
from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.pixel_data import _damage_named
from calciscope.volume import Volume

SYNTAXES = [
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEG2000Lossless,
]


def damaged(whole: bytes, source: random.Random) -> bytes:
    """Cut short, or with some bytes overwritten, mostly in the header."""
    if source.random() < 0.3:
        return whole[: source.randrange(len(whole))]
    content = bytearray(whole)
    reach = min(len(content), source.choice([1400, 1400, len(content)]))
    for _ in range(source.choice([1, 3, 20])):
        content[source.randrange(reach)] = source.choice([0, 255, source.randrange(256)])
    return bytes(content)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_damaged_files_never_surprise(tmp_path: Path, syntax: object) -> None:
    array = np.random.default_rng(0).integers(-1000, 1000, (64, 48, 2)).astype(np.int16)
    volume = Volume.from_spacing(array, (1, 1, 2.5))
    victim, _ = write_ct_series(volume, tmp_path, uid_seed="damage", transfer_syntax=syntax)
    whole = victim.read_bytes()
    source = random.Random(20260000)
    refused = 0
    for _ in range(30):
        victim.write_bytes(damaged(whole, source))
        try:
            read_ct(tmp_path)
        except InputError as error:
            refused += 1
            assert str(error).count(". ") == 0  # one sentence
            assert "\n" not in str(error)
    assert refused >= 8


def test_a_panic_of_the_rle_decoder_is_a_corrupt_file() -> None:
    # The class itself cannot be imported; like it, this one derives from BaseException only.
    panic = type("PanicException", (BaseException,), {})
    file = FoundFile(Path("x"), "x.dcm")
    with pytest.raises(InputError, match=r"x\.dcm is truncated or corrupt"), _damage_named(file):
        raise panic("index out of bounds")
    with pytest.raises(KeyboardInterrupt), _damage_named(file):
        raise KeyboardInterrupt
