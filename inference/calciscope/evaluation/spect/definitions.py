"""How every figure of hot spots is made, in words: these sentences stand in the report."""

from calciscope.evaluation import calibration
from calciscope.evaluation.bootstrap import LEAST_PATIENTS, RESAMPLES
from calciscope.evaluation.calibration import BINS
from calciscope.evaluation.records import Definition
from calciscope.evaluation.spect import abstention, ranking
from calciscope.evaluation.spect.foci import ASSESSABLE_ML, ASSESSABLE_MM, REACH_MM

RESAMPLES_TEXT = (
    f"{RESAMPLES:,} for figures and their differences, {ranking.RESAMPLES:,} for AUC, "
    f"{abstention.RESAMPLES:,} for risk-coverage, {calibration.RESAMPLES:,} for ECE"
)
"""How often patients are drawn anew."""

DEFINITIONS = tuple(
    Definition(name, text)
    for name, text in {
        "hot spot": "As the program finds it: connected to a maximum at or above the highest of "
        "41 % of it, SUV 1.5 and three times the soft tissue around it, 1 mL or more.",
        "truth": "The compartment with the largest share of the true activity (not of the voxels) "
        "within a hot spot. Mixed: no compartment has 60 %; such hot spots count, and a second "
        "macro-F1 leaves them out.",
        "judged hot spots": "Those with true activity that are not false. What a model says of a "
        "false hot spot is neither right nor wrong.",
        "false hot spot": f"No true focus has its center within {REACH_MM:g} mm of it, and the "
        "true uptake beneath it is nowhere as high as the SUV that a hot spot needs: neither a "
        "focus nor a normal organ, bone or bladder explains it.",
        "macro-F1": "Mean of 2 TP / (true + predicted) over the compartments that are true or "
        "predicted anywhere in the sample; one that is only predicted counts 0, one in neither is "
        "left out. The likeliest compartment counts as the answer, also below the threshold of "
        "abstention.",
        "muscle versus subcutis": "Accuracy among hot spots that are truly in one of both; saying "
        "a third compartment is wrong. Told apart: the share of the same hot spots in which their "
        "own of the two is likelier than the other, whatever a third may be.",
        "macro AUC": "Mean over compartments of the AUC of its probability, its hot spots against "
        "all others; equal probabilities count half. Compartments without a hot spot are left out.",
        "calibration": "Of the largest probability of a hot spot; the outcome is whether that "
        f"compartment is the true one. ECE over at most {BINS} bins of equal number that never "
        "split equal probabilities. It is biased upwards, so the median and 95th percentile of the "
        "ECE of a perfectly calibrated model with the same probabilities (null floor) stand beside "
        "it. Brier score of all compartments: squared distance of the 11 probabilities from the "
        "truth, 0 to 2; the one in the table of the calibration is that of the largest "
        "probability, 0 to 1.",
        "risk-coverage": "Hot spots are answered from the most certain (largest probability) on, "
        "equal ones together; risk is the share of wrong answers so far, its area the mean over "
        "all coverages.",
        "found": "Foci whose true uptake reaches the SUV of a hot spot count. One is found if a "
        f"hot spot comes within {REACH_MM:g} mm of its center, a longer one also if a hot spot of "
        "its compartment comes within half its length. Large enough to be seen: "
        f"{ASSESSABLE_ML:g} mL or {ASSESSABLE_MM:g} mm or more. Total uptake: true SUV x volume, "
        "which is what resolution leaves of a small focus.",
        "rule": "The compartment of the majority of the CT tissue in the 41 % region of the hot "
        "spot, what the model has to beat.",
        "ablation": "Input withheld: the same model sees of the CT the outline of the body alone "
        "(all of it muscle of 40 HU), or of the uptake the hot spots alone (5 within, 1 outside). "
        "Models of their own were trained on less. Detection is always that of the whole case.",
        "intervals": "95 %, percentile bootstrap over patients; every synthetic case is a patient "
        f"of its own. Resamples: {RESAMPLES_TEXT}. There is no interval with fewer than "
        f"{LEAST_PATIENTS} patients that have something to measure. Differences are paired: the "
        "same patients are drawn for both.",
    }.items()
)
"""What the report says of its own making."""
