"""Pictures of validation crops: what is drawn, and when."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from calciscope.labels import Label
from calciscope_train.validation_pictures import ValidationPictures

YELLOW = (255, 214, 0)


def batch(calcified_slice: int | None) -> dict[str, torch.Tensor]:
    """One crop of muscle, with a lesion in one slice."""
    labels = torch.full((1, 32, 32, 8), int(Label.MUSCLE), dtype=torch.uint8)
    if calcified_slice is not None:
        labels[0, 4:12, 20:28, calcified_slice] = int(Label.CALCIFICATION)
    return {"ct": torch.zeros(1, 2, 32, 32, 8), "labels": labels}


def validate(
    pictures: ValidationPictures, *batches: dict[str, torch.Tensor], **more: Any
) -> list[Path]:
    """Run one validation whose network predicts only muscle; gives the files."""
    given = {"is_global_zero": True, "sanity_checking": False, "global_step": 12, "loggers": []}
    trainer: Any = SimpleNamespace(**{**given, **more})
    pictures.on_validation_epoch_start(trainer, trainer)
    for number, each in enumerate(batches):
        predicted = torch.full_like(each["labels"], int(Label.MUSCLE))
        pictures.on_validation_batch_end(trainer, trainer, predicted, each, number)
    pictures.on_validation_epoch_end(trainer, trainer)
    return sorted(pictures.folder.glob("*")) if pictures.folder.exists() else []


def yellow_columns(path: Path) -> list[int]:
    """Which thirds of a picture hold the color of calcification."""
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    near = np.abs(pixels - YELLOW).sum(axis=-1) < 120
    thirds = np.array_split(near, 3, axis=1)
    return [number for number, third in enumerate(thirds) if third.sum() > 20]


def test_the_reference_is_outlined_at_the_slice_that_holds_most_of_it(tmp_path: Path) -> None:
    files = validate(ValidationPictures(tmp_path / "pictures"), batch(6))
    assert [path.name for path in files] == ["step_0000012.png"]
    # The CT is plain, the reference has the lesion, the prediction missed it.
    assert yellow_columns(files[0]) == [1]


def test_crops_with_calcification_come_first(tmp_path: Path) -> None:
    (file,) = validate(ValidationPictures(tmp_path, crops=1), batch(None), batch(2))
    assert yellow_columns(file) == [1]


@pytest.mark.parametrize("more", [{"is_global_zero": False}, {"sanity_checking": True}])
def test_only_the_first_process_draws_and_not_while_checking(
    tmp_path: Path, more: dict[str, bool]
) -> None:
    assert validate(ValidationPictures(tmp_path), batch(1), **more) == []


def test_no_crops_no_pictures(tmp_path: Path) -> None:
    assert validate(ValidationPictures(tmp_path, crops=0), batch(1)) == []
