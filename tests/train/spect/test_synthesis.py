"""Making SPECT cases: whole folders, kept when they exist, refused settings."""

import json
from pathlib import Path

import numpy as np
import pytest

from calciscope.errors import InputError
from calciscope.evaluation.spect.cases import read_spect_case
from calciscope_train.spect.synthesis import spect_synthesise, write_random_case


@pytest.mark.slow
def test_a_written_case_holds_all_that_a_reader_needs(tmp_path: Path) -> None:
    assert write_random_case(tmp_path, 2, "training", False, "hand")
    folder = tmp_path / "training-000002"
    record = read_spect_case(folder)
    assert record.ct.same_grid(record.labels)
    assert record.activity.same_grid(record.compartments)
    assert record.tissues is None
    keys = {"seed", "body_part", "settings", "traits", "ct_protocol", "spect_protocol",
            "misregistration", "foci", "lesions"}  # fmt: skip
    assert keys <= set(record.meta)
    hot = np.asarray(record.activity.array, np.float32)
    assert np.isfinite(hot).all()
    assert hot.max() > 1.5
    before = (folder / "case.json").stat().st_mtime_ns
    assert write_random_case(tmp_path, 2, "training", False, "hand")
    assert (folder / "case.json").stat().st_mtime_ns == before
    assert json.loads((folder / "case.json").read_text())["settings"] == "training"


def test_what_cannot_be_made_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose one of training, held_out"):
        spect_synthesise(tmp_path, 1, settings="test")
    with pytest.raises(InputError, match="ask for at least 1"):
        spect_synthesise(tmp_path, 1, workers=0)
