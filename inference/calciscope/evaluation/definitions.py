"""How every figure is made, in words: these sentences stand in the report."""

from calciscope.evaluation import calibration, froc
from calciscope.evaluation.agreement import LIMITS_RESAMPLES
from calciscope.evaluation.bootstrap import LEAST_PATIENTS, RESAMPLES
from calciscope.evaluation.calibration import BINS
from calciscope.evaluation.case_scoring import TOLERANCE_MM
from calciscope.evaluation.detection import DICE_FROM_MM3
from calciscope.evaluation.froc import RATES
from calciscope.evaluation.records import Definition
from calciscope.evaluation.summarizing import FEW_PATIENTS

RESAMPLES_TEXT = (
    f"{RESAMPLES:,} for figures and their differences, {froc.RESAMPLES:,} for FROC, "
    f"{LIMITS_RESAMPLES:,} for limits of agreement and ICC, {calibration.RESAMPLES:,} for ECE"
)
"""How often patients are drawn anew."""

DEFINITIONS = tuple(
    Definition(name, text)
    for name, text in {
        "lesion": "A lesion is a 26-connected component of the calcification of the reference; "
        "a predicted lesion is one of the prediction.",
        "found": "A lesion is found if at least 10 % of its voxels, and at least one, are "
        "predicted.",
        "false positive": "A predicted lesion that touches neither a reference lesion nor an "
        "unscored voxel (label 255).",
        "unscored voxels": "Voxels labeled 255 in the reference count neither for nor against.",
        "precision and F1": "Precision: predicted lesions that touch a lesion / predicted lesions "
        "that are scored. F1 = 2 found / (2 found + missed + false positives), pooled over cases.",
        "lesion Dice": "Dice of a lesion with all predicted lesions that overlap it, less what of "
        f"them lies in other lesions; mean over lesions of {DICE_FROM_MM3:g} mm3 or more, missed "
        "ones as 0.",
        "normalized surface Dice": f"Share of both surfaces within {TOLERANCE_MM:g} mm of the "
        "other (Nikolov 2018), faces of voxels weighted by area. On spheres moved by a known "
        "distance this is within 0.1 of the exact share at the model's spacing, where the program "
        "surface-distance reads 0.1 to 0.3 too high: figures made with that one do not compare.",
        "HD95": "95th percentile of surface distances, the larger of both directions.",
        "empty references": "Where reference and prediction are both empty, Dice and surface Dice "
        "are 1 and HD95 is 0; where one is empty, they are 0 and the diagonal of the image, so "
        "that a miss is never left out. Means of these three are over cases that have a lesion; "
        "cases without one count by their false positives and the volume of those. Ratios without "
        "a denominator are null.",
        "panoptic quality": "Lesions matched one to one at IoU > 0.5 (Kirillov 2019): RQ = TP / "
        "(TP + FP/2 + FN/2), SQ = mean IoU of the matches.",
        "FROC": "Sensitivity at falling thresholds on the probability of predicted lesions, read "
        f"at {', '.join(f'{rate:g}' for rate in RATES)} false positives per case; CPM is the mean "
        "of these. A curve ends at the lowest probability that was given out; at rates beyond its "
        "end the sensitivity at the end is given. False positives per lesion stand beside it, as "
        "the rate per case is biased where lesions are many.",
        "what false positives lie on": "Bone, vessel or metal, whichever makes up most and at "
        "least 10 % of the component with a rim of one voxel, by the reference labels; else the "
        "tissue of most of its voxels. Without reference tissues the rules for bone and body and "
        "2500 HU for metal stand in.",
        "burden": "Volume: voxels of the mask that are scored. HA mass: of the runtime's own "
        "measurement, given the true HU of the mineral where the case states it; false positives "
        "are part of both. Bland-Altman: bias and bias +- 1.96 SD of predicted - reference. "
        "ICC(2,1): two-way random, absolute agreement, single measurement (Shrout & Fleiss 1979).",
        "calibration": "Over predicted lesions that are scored; the outcome is whether one touches "
        f"a lesion. ECE over at most {BINS} bins of equal number that never split equal "
        "probabilities; it is biased upwards, so the median and 95th percentile of the ECE of a "
        "perfectly calibrated predictor of the same probabilities stand beside it. Empty: null.",
        "intervals": "95 %, percentile bootstrap over patients, of means and ratios of sums, not "
        f"of medians. Resamples: {RESAMPLES_TEXT}. Means are within a case first, then within its "
        "patient, then over patients; rates are pooled over all cases. There is no interval with "
        f"fewer than {LEAST_PATIENTS} patients that have something to measure; with fewer than "
        f"{FEW_PATIENTS} it is rough.",
        "paired differences": "First predictor minus the other, the same patients drawn for both.",
        "data sets": "Synthetic and real lesions are kept apart: their figures are not comparable.",
    }.items()
)
"""What the report says of its own making."""
