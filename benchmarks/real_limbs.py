"""Real limb CTs as they are: models side by side with the rules they have to beat.

python benchmarks/real_limbs.py [--model FOLDER ...] [--mode MODE] [-o OUT.json]

Each `--model` is a folder of an exported model; without any, the newest shipped one. The rules:
smoothed CT >= 130 HU inside the body and outside bone in components of 10 mm3 or more, and raw
HU >= 130 without a smallest size. What is there was read from the images, not by a radiologist
(configs/check_set.yaml). A false positive is a component of 10 mm3 or more that touches no
reviewed calcification: arteries, bowel contrast and bone called calcification count as such, for
the model and the rules alike. Held-out patients stand apart from those whose anatomy was seen.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calciscope.ct.body import body_mask
from calciscope.ct.segmentation import CtSegmenter
from calciscope.evaluation.baselines import REAL_LIMB_RULES, bone_by_rule
from calciscope.models.engine import create_engine
from calciscope.models.manifest import ModelManifest, load_manifest
from calciscope.models.operating_point import BALANCED
from calciscope.models.registry import find_model
from calciscope.volume import Volume
from calciscope_train.check import called
from calciscope_train.check_set import CheckSet, RealScore, read_check_set, score_real

Mask = NDArray[np.bool_]
Predictor = Callable[[Volume], tuple[Mask, NDArray[np.uint8] | None]]
HEADINGS = ("held_out", "seen", "val", "never_trained")


def model_predictor(
    manifest: ModelManifest, engine: str, threads: int | None, mode: str
) -> Predictor:
    """A model with all that the runtime does after it."""
    segmenter = CtSegmenter(manifest, create_engine(manifest, engine, threads), mode)

    def predict(ct: Volume) -> tuple[Mask, NDArray[np.uint8] | None]:
        return called(ct, segmenter)

    return predict


def scored(
    check: CheckSet, models: dict[str, Predictor], patients: Sequence[str]
) -> dict[str, list[RealScore]]:
    """Every predictor on every patient."""
    scores: dict[str, list[RealScore]] = {}
    for patient in check.patients:
        if patients and patient.name not in patients:
            continue
        ct = check.read_ct(patient.name)
        body, bone = body_mask(ct), bone_by_rule(ct)
        for rule in REAL_LIMB_RULES:
            mask = rule.find(ct, body, bone)
            scores.setdefault(rule.name, []).append(score_real(patient, ct, mask, None, check))
        for name, predict in models.items():
            mask, tissues = predict(ct)
            scores.setdefault(name, []).append(score_real(patient, ct, mask, tissues, check))
        print(
            f"{patient.name} {patient.split}: "
            + "; ".join(
                f"{name}: {rows[-1].found}/{rows[-1].foci} foci, {rows[-1].false_positives} FP, "
                f"{rows[-1].false_mm3:.0f} mm3"
                for name, rows in scores.items()
            ),
            flush=True,
        )
    return scores


def table_row(name: str, split: str, rows: Sequence[RealScore]) -> str:
    """One predictor on one group of patients, as a row of a Markdown table."""
    clean = [row.limb_mm3 / 1000 for row in rows if row.clean]
    bones = [row.false_mm3 / 1000 for row in rows if row.bones]
    return (
        f"| {split} | {name} | {sum(r.found for r in rows)}/{sum(r.foci for r in rows)} "
        f"| {sum(r.false_positives for r in rows) / len(rows):.1f} "
        f"| {'-' if not clean else f'{np.mean(clean):.3f} / {max(clean):.3f}'} "
        f"| {sum(r.vessels_called for r in rows)}/{sum(r.vessels for r in rows)} "
        f"| {sum(r.vessels_named for r in rows)}/{sum(r.vessels for r in rows)} "
        f"| {sum(r.bowel_mm3 for r in rows) / 1000:.2f} "
        f"| {'-' if not bones else f'{sum(bones):.3f}'} |"
    )


def main() -> None:
    """Print a line a limb and a table by group."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, action="append", default=[])
    parser.add_argument("--data", type=Path, help="folder of the CTs")
    parser.add_argument("--config", type=Path, default=Path("configs/check_set.yaml"))
    parser.add_argument("--patients", nargs="*", default=[])
    parser.add_argument("--mode", default=BALANCED, help="of the models that have modes")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--threads", type=int)
    parser.add_argument("-o", "--output", type=Path, help="JSON file of all figures")
    given = parser.parse_args()
    manifests = [load_manifest(folder) for folder in given.model] or [find_model()]
    models = {
        f"{manifest.name} {manifest.version}": model_predictor(
            manifest, given.engine, given.threads, given.mode if manifest.modes else BALANCED
        )
        for manifest in manifests
    }
    check = read_check_set(given.config, given.data)
    scores = scored(check, models, given.patients)
    print("\n| patients | | foci found | FP a limb | clean, mL (mean / worst) | vessels called "
          "calcification | named vascular | bowel, mL | arm, hand, shoulder, mL |")  # fmt: skip
    print("|" + "---|" * 9)
    for split in HEADINGS:
        for name, rows in scores.items():
            group = [row for row in rows if row.split == split]
            if group:
                print(table_row(name, split, group))
    if given.output:
        record = {name: [row.to_dict() for row in rows] for name, rows in scores.items()}
        given.output.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
