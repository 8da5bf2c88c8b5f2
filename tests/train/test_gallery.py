"""Sheets of cases: as many as asked for, lesions outlined, prepared cases and phantoms alike."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from calciscope.errors import InputError
from calciscope.labels import DESCRIPTIONS, Label
from calciscope_train.cases import write_case
from calciscope_train.gallery import SQUARE, Panel, _title, gallery, panel_picture


def block() -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    ct = np.full((60, 40, 10), -1000, np.int16)
    labels = np.zeros(ct.shape, np.uint8)
    ct[10:50, 5:35] = 50
    labels[10:50, 5:35] = Label.MUSCLE
    ct[20:26, 12:18, 7] = 400
    labels[20:26, 12:18, 7] = Label.CALCIFICATION
    return ct, labels


def test_a_lesion_is_outlined_in_both_pictures() -> None:
    ct, labels = block()
    picture = panel_picture(Panel(ct, labels, (1.0, 1.0, 2.5), "one"))
    assert picture.shape == (SQUARE, 2 * SQUARE, 3)
    colored = np.ptp(picture, axis=2) > 0.2
    assert colored[:, :SQUARE].any()
    assert colored[:, SQUARE:].any()
    orange = np.array(to_rgb(DESCRIPTIONS[Label.CALCIFICATION].color))
    brightest = picture[colored].mean(axis=0)
    assert brightest @ orange / np.linalg.norm(brightest) / np.linalg.norm(orange) > 0.9


def test_sheets_of_prepared_cases(tmp_path: Path) -> None:
    ct, labels = block()
    for n in range(3):
        meta = {"case_id": f"host-{n}", "source": "host", "spacing_mm": [1.0, 1.0, 2.5]}
        write_case(tmp_path / "cases" / "val" / f"host-{n}", ct, labels, meta)
    gallery(tmp_path / "sheets", tmp_path / "cases", "val", count=5, per_sheet=2)
    sheets = sorted(p.name for p in (tmp_path / "sheets").iterdir())
    assert sheets == ["sheet-000.png", "sheet-001.png"]
    assert imread(tmp_path / "sheets" / "sheet-000.png").max() > 0.5


def test_the_title_says_what_is_known_of_the_scanner() -> None:
    host = {"kvp": 120.0, "slice_thickness_mm": 3.27, "fwhm_mm": 1.55, "noise_hu": 9.0}
    assert _title("003", {"source": "host", "acquisition": host}) == (
        "003 host 3.27 mm 120 kVp FWHM 1.55 mm\n"
    )
    phantom = {"kernel": "soft", "slice_mm": 1.0, "kvp": 100}
    assert _title("7", {"body_part": "calf", "acquisition": phantom, "traits": ["old"]}) == (
        "7 calf soft 1 mm 100 kVp\nold"
    )


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no cases"):
        gallery(tmp_path / "sheets", tmp_path, "val")
    with pytest.raises(InputError, match="positive numbers"):
        gallery(tmp_path / "sheets", tmp_path, per_sheet=0)
