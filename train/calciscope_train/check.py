"""`calciscope-train check`: a model over the independent check set."""

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.body import body_mask
from calciscope.ct.lesions import find_lesions
from calciscope.ct.segmentation import CtSegmenter
from calciscope.ct.settings import MeasurementSettings
from calciscope.errors import InputError
from calciscope.evaluation.matching import match_lesions
from calciscope.labels import Label
from calciscope.models.engine import create_engine
from calciscope.models.manifest import load_manifest
from calciscope.volume import Volume
from calciscope.writers.whole_file import whole_file
from calciscope_train.check_inserter import VOLUMES_MM3, insert
from calciscope_train.check_set import (
    SPLITS,
    CheckPatient,
    CheckSet,
    RealScore,
    read_check_set,
    score_real,
)

LOGGER = logging.getLogger(__name__)

Row = dict[str, Any]


def check(
    model: Path,
    check_set: Path = Path("configs/check_set.yaml"),
    folder: Path | None = None,
    patients: str = "",
    engine: str = "auto",
    threads: int | None = None,
    output: Path | None = None,
) -> None:
    """Run a model over real limbs and over lesions of a second inserter, and say what it does.

    Args:
        model: folder of an exported model.
        check_set: the places and patients, see configs/check_set.yaml.
        folder: of the CTs, where it is not that of the check set.
        patients: only these, with commas between ("001,046"); all where empty.
        engine: auto, openvino or onnxruntime.
        threads: CPU threads; None for all.
        output: JSON file for every figure.

    Raises:
        InputError: the check set or one of its CTs cannot be read, or it has no such patient.
    """
    chosen = read_check_set(check_set, folder)
    wanted = named_patients(patients, chosen, check_set)
    manifest = load_manifest(model)
    segmenter = CtSegmenter(manifest, create_engine(manifest, engine, threads))
    real: list[RealScore] = []
    rows: list[Row] = []
    for patient in wanted:
        score = real_score(patient, chosen, segmenter)
        real.append(score)
        LOGGER.info(
            "%s (%s): %d of %d foci, %d false positives, %.0f mm3",
            patient.name, patient.split, score.found, score.foci,
            score.false_positives, score.false_mm3,
        )  # fmt: skip
        if patient.name in chosen.insert_into:
            rows += inserted_rows(patient, chosen, segmenter)
    for line in (*real_lines(real), *inserted_lines(rows)):
        LOGGER.info(line)
    if output is not None:
        record = {
            "model": f"{manifest.name} {manifest.version}",
            "real": [score.to_dict() for score in real],
            "inserted": rows,
        }
        with whole_file(output) as draft:
            draft.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def named_patients(names: str, chosen: CheckSet, file: Path) -> Sequence[CheckPatient]:
    """The patients of a check set that are named, with commas between; all where none is.

    Raises:
        InputError: the check set has no patient of such a name.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    known = [patient.name for patient in chosen.patients]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise InputError(
            f"{file} has no patient {', '.join(unknown)}; choose among {', '.join(known)}"
        )
    return [patient for patient in chosen.patients if not wanted or patient.name in wanted]


def called(ct: Volume, segmenter: CtSegmenter) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    """What a model calls calcification, and its labels; specks are left out as in the runtime."""
    segmentation = segmenter.segment(ct)
    drawn = ct.with_array(segmentation.tissues.array == Label.CALCIFICATION)
    found = find_lesions(drawn, MeasurementSettings(), ct.array)
    return found.ids.array > 0, segmentation.tissues.array


def real_score(patient: CheckPatient, chosen: CheckSet, segmenter: CtSegmenter) -> RealScore:
    """A model on one real limb as it is."""
    ct = chosen.read_ct(patient.name)
    mask, tissues = called(ct, segmenter)
    return score_real(patient, ct, mask, tissues, chosen)


def inserted_rows(patient: CheckPatient, chosen: CheckSet, segmenter: CtSegmenter) -> list[Row]:
    """A model on lesions of the second inserter in one limb: one row a lesion."""
    native = chosen.read_ct(patient.name)
    seed = chosen.insert_seed + int(patient.name)
    ct, ids, lesions = insert(native, body_mask(native), chosen.insert_count, seed)
    mask, _ = called(ct, segmenter)
    scores = {s.id: s for s in match_lesions(ids, mask, ct.voxel_volume_mm3).lesions}
    return [
        {
            "patient": patient.name,
            "split": patient.split,
            "compartment": lesion.compartment,
            "form": lesion.form,
            "volume_mm3": round(lesion.volume_mm3, 1),
            "contrast_hu": round(lesion.contrast_hu, 1),
            "found": scores[lesion.id].found,
            "dice": round(scores[lesion.id].dice, 3),
        }
        for lesion in lesions
        if lesion.id in scores
    ]


def real_lines(scores: Sequence[RealScore]) -> Iterable[str]:
    """Figures of the real limbs, by split."""
    by_split: dict[str, list[RealScore]] = defaultdict(list)
    for score in scores:
        by_split[score.split].append(score)
    for split, group in by_split.items():
        clean = [s.limb_mm3 / 1000 for s in group if s.clean]
        bones = [f"{s.patient} {s.false_mm3 / 1000:.3f} mL" for s in group if s.bones]
        yield (
            f"real limbs, {split}: {sum(s.found for s in group)} of {sum(s.foci for s in group)} "
            f"foci; {sum(s.false_positives for s in group) / len(group):.1f} false positives a "
            f"limb; bowel {sum(s.bowel_mm3 for s in group) / 1000:.2f} mL"
        )
        for taught, what in ((False, "vascular foci"), (True, "vascular foci taught as labels")):
            part = [s for s in group if s.vessels and s.vessels_taught == taught]
            if part:
                yield (
                    f"  {sum(s.vessels for s in part)} {what}: "
                    f"{sum(s.vessels_named for s in part)} named vascular, "
                    f"{sum(s.vessels_called for s in part)} called calcification"
                )
        if clean:
            yield (
                f"  clean limbs: mean {np.mean(clean):.3f} mL, worst {max(clean):.3f} mL, "
                f"none in {sum(v == 0 for v in clean)} of {len(clean)}"
            )
        if bones:
            yield f"  arm, hand, shoulder: {', '.join(bones)}"


def inserted_lines(rows: Sequence[Row]) -> Iterable[str]:
    """Sensitivity of the inserted lesions, by split, compartment and size."""
    edges = (0.0, *(1.5 * v for v in VOLUMES_MM3[:-1]), float("inf"))
    cells = product(SPLITS, ("muscle", "subcutaneous"), pairwise(edges))
    for split, compartment, (low, high) in cells:
        part = [
            row
            for row in rows
            if (row["split"], row["compartment"]) == (split, compartment)
            and low <= row["volume_mm3"] < high
        ]
        if part:
            yield (
                f"inserted, {split}, {compartment}, {low:.0f}-{high:.0f} mm3: "
                f"{sum(row['found'] for row in part)} of {len(part)} found, "
                f"mean Dice {np.mean([row['dice'] for row in part]):.2f}"
            )
