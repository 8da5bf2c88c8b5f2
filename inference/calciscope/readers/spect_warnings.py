"""What a user should know of a SPECT that can be read all the same."""

import re

from calciscope.readers.emission import Emission

_BONE = re.compile(
    r"m\.?d\.?p|hdp|hmdp|dpd|pyp|medron|oxidron|oxydron|dicarboxy|phosph|bone|fluoride|naf",
    re.IGNORECASE,
)
"""Bone-seeking radiopharmaceuticals by name."""


def spect_warnings(emission: Emission) -> list[str]:
    """Sentences about the kind, the radiopharmaceutical and the attenuation of a series."""
    name = emission.series.name
    nuclide, drug = emission.injection.radionuclide, emission.injection.radiopharmaceutical
    found = []
    if emission.is_pet:
        found.append(f"{name} is a PET; what is said of hot spots was learnt from bone SPECT")
    elif nuclide is not None and nuclide.name != "Tc-99m":
        found.append(
            f"{name} shows {nuclide.name}; what is said of hot spots was learnt from Tc-99m"
        )
    if drug and not emission.is_pet and not _BONE.search(drug) and not _is_mere_nuclide(emission):
        found.append(f"{name} shows {drug}, which may not seek bone")
    if emission.is_attenuation_corrected is False:
        found.append(f"{name} is not corrected for attenuation; deep uptake is too low")
    return found


def _is_mere_nuclide(emission: Emission) -> bool:
    """Whether the radiopharmaceutical says no more than its radionuclide."""
    nuclide = emission.injection.radionuclide
    letters = re.sub(r"[^a-z]", "", (emission.injection.radiopharmaceutical or "").lower())
    symbol = nuclide.name.split("-")[0].lower() if nuclide else ""
    return nuclide is not None and letters in (symbol, f"{symbol}m", f"m{symbol}", nuclide.element)
