"""Standardized uptake value by body weight: activity concentration over injected dose per gram.

SUVbw [g/mL] = C [Bq/mL] * weight [g] / A [Bq], A being the dose as it has decayed by the time that
C refers to (PS3.16 126410; QIBA FDG-PET/CT Profile, appendix G).
"""

from calciscope.spect.radionuclides import radionuclide


def remaining_activity(activity: float, elapsed_s: float, half_life_s: float) -> float:
    """What is left of an activity after some time, in its own unit."""
    return float(activity * 0.5 ** (elapsed_s / half_life_s))


def bq_per_ml_of_one_suv(
    dose_bq: float, weight_kg: float, elapsed_s: float, half_life_s: float | None = None
) -> float:
    """Activity concentration in Bq/mL that is an SUV of 1.

    Args:
        dose_bq: what was injected, less what stayed in the syringe.
        weight_kg: of the patient.
        elapsed_s: from injection to the time that concentrations refer to.
        half_life_s: of the radionuclide; that of Tc-99m unless told otherwise.
    """
    if half_life_s is None:
        half_life_s = radionuclide("Tc-99m").half_life_s
    return remaining_activity(dose_bq, elapsed_s, half_life_s) / (1000.0 * weight_kg)
