from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import (
    NuclearMedicineImageStorage,
    PositronEmissionTomographyImageStorage,
    SecondaryCaptureImageStorage,
)

from calciscope.readers.dicom_files import FoundFile
from calciscope.readers.emission import Emission
from calciscope.readers.injection import Injection
from calciscope.readers.series import Series
from calciscope.spect.radionuclides import radionuclide


@pytest.fixture
def emission() -> Callable[..., Emission]:
    """emission(description, nuclide, modality, sop class, Keyword=value) has a position."""

    def make(
        description: str = "",
        nuclide: str | None = "Tc-99m",
        modality: str = "NM",
        sop_class: str = NuclearMedicineImageStorage,
        **elements: Any,
    ) -> Emission:
        first = Dataset()
        first.ImagePositionPatient = [0, 0, 0]
        for keyword, value in elements.items():
            setattr(first, keyword, value)
        known = radionuclide(nuclide) if nuclide else None
        return Emission(
            Series("1.1", "1.2", 1, description, modality, sop_class, 1, ()),
            (FoundFile(Path("a"), "a"),),
            first,
            Injection(known, None, None, None),
        )

    return make


@pytest.mark.parametrize(
    ("description", "corrected", "expected"),
    [
        ("", None, None),
        ("", ["DECY"], False),
        ("", ["DECY", "ATTN"], True),
        ("Bone Tomo [Recon - AC]", None, True),
        ("Bone Tomo [Recon - NoAC]", ["ATTN"], False),
        ("SPECT NAC", None, False),
        ("SPECT non-AC", None, False),
        ("TOMO_BONE_IRACSC", None, True),
        ("TOMO_BONE_IRNC", None, False),
        ("Sacrum", None, None),
        ("bone_ac_001", None, True),
        ("Tomo AC", ["UNIF"], True),
        ("Tomo attenuation corrected", None, True),
        ("Tomo minus attenuation", ["DECY"], False),
        ("Tomo non attenuation corrected", ["DECY"], False),
        ("Tomo not attenuation-corrected", None, False),
        ("Tomo without AC", None, False),
        ("Tomo w/o CTAC", None, False),
        ("Tomo without CT-AC", None, False),
        ("Tomo no CT attenuation correction", None, False),
        ("Tomo ohne AC", None, False),
        ("Tomo AC, no scatter correction", None, True),
    ],
)
def test_attenuation_correction_as_vendors_write_it(
    emission: Callable[..., Emission],
    description: str,
    corrected: list[str] | None,
    expected: bool | None,
) -> None:
    elements = {} if corrected is None else {"CorrectedImage": corrected}
    assert emission(description, **elements).is_attenuation_corrected is expected


@pytest.mark.parametrize(
    ("nuclide", "modality", "expected"),
    [
        ("Tc-99m", "PT", False),
        ("F-18", "NM", True),
        (None, "PT", True),
        (None, "NM", False),
        (None, "ST", False),
    ],
)
def test_positrons_make_a_pet(
    emission: Callable[..., Emission], nuclide: str | None, modality: str, expected: bool
) -> None:
    assert emission("", nuclide, modality).is_pet is expected


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]}, ""),
        ({"ImageType": ["DERIVED", "SECONDARY"]}, ""),
        ({}, ""),
        ({"sop_class": SecondaryCaptureImageStorage}, "not a nuclear medicine image but Second"),
        ({"description": "SPECT mu-map"}, "an attenuation map"),
        ({"description": "Attenuation Map"}, "an attenuation map"),
        ({"description": "thumap study"}, "an attenuation map"),
        (
            {
                "modality": "PT",
                "sop_class": PositronEmissionTomographyImageStorage,
                "SeriesType": ["DYNAMIC", "IMAGE"],
            },
            "a movie",
        ),
    ],
)
def test_what_may_be_a_volume(
    emission: Callable[..., Emission], arguments: dict[str, Any], reason: str
) -> None:
    found = emission(**arguments).unfit_reason
    assert found.startswith(reason)
    assert bool(found) == bool(reason)
