"""The vendored viewer is the one that npm publishes, with its licenses, and the wheel has it."""

import gzip
import hashlib
from pathlib import Path

from calciscope.writers import niivue

ROOT = Path(__file__).parents[2]
VENDOR = Path(niivue.__file__).parent / "vendor"


def test_the_bundle_is_the_recorded_one() -> None:
    bundle = gzip.decompress(niivue.compressed_bundle())
    assert hashlib.sha256(bundle).hexdigest() == niivue.BUNDLE_SHA256


def test_the_bundle_is_small_enough_to_be_in_each_report() -> None:
    assert len(niivue.compressed_bundle()) < 900_000


def test_its_licenses_lie_beside_it() -> None:
    text = niivue.license_texts()
    assert "Copyright (c) 2021, Niivue" in text
    assert "Redistributions in binary form must reproduce the above copyright notice" in text
    assert niivue.VERSION in text
    assert niivue.VERSION in niivue.CREDIT
    # They go into each report, which names no address.
    assert "http" not in text
