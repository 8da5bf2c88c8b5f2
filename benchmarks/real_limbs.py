"""The shipped model on real limb CTs that have no labels: what it finds, and where it is wrong.

python benchmarks/real_limbs.py ../shared/data/sts_ct [-o OUT]

Mineral outside bone in these CTs was read from the images, not by a radiologist: `SEEN` names it,
`CLEAN` the limbs that show none. Beside the network stand the foci of the rule to beat, smoothed
CT >= 130 HU inside the body and outside bone, >= 10 mm3: most are arteries or edges of bone, so
they are candidates, not truth.
"""

import argparse
import re
from pathlib import Path

import numpy as np

from calciscope.ct.masks import component_voxels
from calciscope.evaluation.baselines import ThresholdBaseline, bone_by_rule
from calciscope.findings import Lesion
from calciscope.pipeline import Analysis, Analyzer
from calciscope.volume import Volume

CLEAN = ("015", "017", "023", "034", "036", "039", "042", "047", "050", "051")
HELD_OUT = ("001", "015", "023", "025", "032", "036", "044", "046", "051")
SEEN = {
    "001": "two foci in the midline pelvic floor",
    "003": "chondroid-like calcification in a gluteal tumor",
    "007": "iliac artery, phleboliths",
    "018": "iliac artery or graft",
    "021": "pelvic-floor foci",
    "025": "34 mm3 between tibia and fibula",
    "031": "phleboliths",
    "032": "56 mm3 at the edge of the field",
    "044": "gluteal foci, bowel contrast",
    "046": "phleboliths",
}
RULE = ThresholdBaseline(130.0)


def patient_of(path: Path) -> str:
    """Number in a name such as STS_046_ct.nii.gz."""
    found = re.search(r"\d{3}", path.name)
    return found.group() if found else path.name


def rule_foci(ct: Volume, analysis: Analysis) -> tuple[int, int]:
    """How many candidate foci the rule has, and how many of them the network finds.

    The CTs lie on the model grid already, up to flips.
    """
    view = ct.canonical()
    body = view.from_native(analysis.segmentation.body.array)
    ids = view.from_native(analysis.measurement.lesion_ids.array)
    foci = component_voxels(RULE.find(view.volume, body, bone_by_rule(view.volume)))
    return len(foci), sum(bool(ids[tuple(voxels.T)].any()) for voxels in foci)


def describe(lesion: Lesion) -> str:
    """A lesion in a few words."""
    x, y, z = (round(v) for v in lesion.centroid_lps_mm)
    return (
        f"{lesion.volume_mm3:.0f} mm3 {lesion.compartment} max {lesion.hu_max:.0f} HU "
        f"at ({x}, {y}, {z})"
    )


def main() -> None:
    """Print one row a CT and sums over the clean limbs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="write all results of each CT here")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    analyzer = Analyzer(engine=given.engine, threads=given.threads)
    clean_mm3: list[float] = []
    print("CT   held out  lesions  mm3  rule's foci: all/found  seen by eye | largest")
    for path in sorted(given.folder.glob("*_ct.nii.gz")):
        patient = patient_of(path)
        analysis = analyzer.analyze(path)
        if given.output:
            analyzer.write(analysis, given.output / patient, force=True)
        lesions = analysis.findings.ct.lesions
        total = analysis.findings.ct.burden.total
        foci, found = rule_foci(analysis.study.volume, analysis)
        if patient in CLEAN:
            clean_mm3.append(total.volume_mm3)
        seen = "clean" if patient in CLEAN else SEEN.get(patient, "")
        print(
            f"{patient}  {'yes' if patient in HELD_OUT else 'no':>8}  {total.count:>7}"
            f"  {total.volume_mm3:>7.0f}  {foci:>4}/{found:<4}  {seen} | "
            + "; ".join(describe(lesion) for lesion in lesions[:3]),
            flush=True,
        )
    if clean_mm3:
        print(
            f"clean limbs: {np.mean(clean_mm3) / 1000:.3f} mL called calcification a limb on "
            f"average, median {np.median(clean_mm3) / 1000:.3f} mL, none in "
            f"{sum(v == 0 for v in clean_mm3)} of {len(clean_mm3)}"
        )


if __name__ == "__main__":
    main()
