"""SUV by hand from a header: 740 MBq at 09:00, acquired at 12:00, 72 kg."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from pydicom import Dataset

from calciscope.readers.suv_header import suv_scale

Make = Callable[..., Dataset]

THREE_HOURS = 0.5 ** (3 / 6.02)
"""What is left of Tc-99m."""


@pytest.fixture
def header() -> Make:
    """header(Keyword=value) is that of a NM image; None deletes the element."""

    def make(**changes: Any) -> Dataset:
        given, nuclide = Dataset(), Dataset()
        nuclide.CodeValue = "72454006"
        given.RadionuclideCodeSequence = [nuclide]
        given.Radiopharmaceutical = "Tc-99m medronate"
        given.RadionuclideTotalDose = "740"
        given.RadiopharmaceuticalStartTime = "090000"
        dataset = Dataset()
        dataset.Modality = "NM"
        dataset.PatientWeight = "72"
        dataset.AcquisitionDate, dataset.AcquisitionTime = "20260110", "120000"
        dataset.RadiopharmaceuticalInformationSequence = [given]
        for keyword, value in changes.items():
            inside = "Radio" in keyword
            target = given if inside else dataset
            if value is None:
                delattr(target, keyword)
            else:
                setattr(target, keyword, value)
        return dataset

    return make


def suv_of_one_kbq(header: Dataset) -> float:
    scale = suv_scale([header], "it")
    assert scale.refused is None
    assert scale.suv_per_bq_ml is not None
    return 1000 * scale.suv_per_bq_ml


def test_suv_by_hand(header: Make) -> None:
    # 1 kBq/mL * 72,000 g / (740e6 Bq * 0.708) = 0.1374
    assert suv_of_one_kbq(header()) == pytest.approx(1e3 * 72_000 / (740e6 * THREE_HOURS))
    assert suv_of_one_kbq(header()) == pytest.approx(0.1374, abs=1e-4)
    assert suv_scale([header()], "it").warnings == ()


def test_over_midnight(header: Make) -> None:
    late = header(RadiopharmaceuticalStartTime="233000", AcquisitionTime="023000")
    assert suv_of_one_kbq(late) == pytest.approx(suv_of_one_kbq(header()))
    dated = header(
        RadiopharmaceuticalStartTime=None,
        RadiopharmaceuticalStartDateTime="20260109233000",
        AcquisitionTime="023000",
    )
    assert suv_of_one_kbq(dated) == pytest.approx(suv_of_one_kbq(header()))


def test_a_late_image_of_the_next_day_needs_a_date(header: Make) -> None:
    dated = header(RadiopharmaceuticalStartDateTime="20260109090000", AcquisitionTime="090000")
    left = 0.5 ** (24 / 6.02)
    assert suv_of_one_kbq(dated) == pytest.approx(1e3 * 72_000 / (740e6 * left))
    # 12:05 after 12:00 is rather a clock five minutes off than 23 h 55 min.
    clock = suv_scale([header(RadiopharmaceuticalStartTime="120500")], "it")
    assert clock.suv_per_bq_ml is None
    assert clock.refused == (
        "no SUV, as it puts 23.9 h between injection and acquisition; ratios are given"
    )


def test_a_moved_date_gives_way_to_the_time_of_day(header: Make) -> None:
    moved = header(RadiopharmaceuticalStartDateTime="20190101090000")
    assert suv_of_one_kbq(moved) == pytest.approx(suv_of_one_kbq(header()))


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"PatientWeight": None}, "the Patient's Weight"),
        ({"PatientWeight": "0"}, "the Patient's Weight"),
        ({"RadionuclideTotalDose": None}, r"the dose \(Radionuclide Total Dose\)"),
        ({"RadiopharmaceuticalStartTime": None}, "the time of the injection"),
        ({"AcquisitionTime": None}, "the time of the acquisition"),
        (
            {"AcquisitionTime": None, "SeriesDate": "20260110", "SeriesTime": "160000"},
            "the time of the acquisition",
        ),
        (
            {"RadionuclideCodeSequence": [], "Radiopharmaceutical": "MDP"},
            "the radionuclide or its half-life",
        ),
        (
            {"PatientWeight": None, "RadionuclideTotalDose": None},
            r"the Patient's Weight and the dose \(Radionuclide Total Dose\)",
        ),
    ],
)
def test_what_is_missing_is_named(header: Make, changes: dict[str, Any], missing: str) -> None:
    scale = suv_scale([header(**changes)], "series 7")
    assert scale.suv_per_bq_ml is None
    assert scale.refused is not None
    sentence = rf"no SUV, as series 7 does not say {missing}( \(Radio.*\))?; ratios are given"
    assert re.fullmatch(sentence, scale.refused), scale.refused


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"PatientWeight": "72000"}, "gives a weight of 72000 kg"),
        ({"RadionuclideTotalDose": "0.74"}, "gives a dose of 0.74 MBq"),
        ({"RadiopharmaceuticalStartDateTime": "20260110130000", "AcquisitionTime": "120000",
          "RadiopharmaceuticalStartTime": None}, "puts -1.0 h between injection and acquisition"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(header: Make, changes: dict[str, Any], fault: str) -> None:
    scale = suv_scale([header(**changes)], "it")
    assert scale.refused == f"no SUV, as it {fault}; ratios are given"


def test_a_dose_in_the_wrong_unit_is_understood_and_told(header: Make) -> None:
    scale = suv_scale([header(RadionuclideTotalDose="740000000")], "it")
    assert suv_of_one_kbq(header(RadionuclideTotalDose="740000000")) == pytest.approx(
        suv_of_one_kbq(header())
    )
    assert scale.warnings == (
        "it: the dose 7.4e+08 was taken as Bq, though the standard has it in MBq",
    )
    pet = header(Modality="PT", RadionuclideTotalDose="740")
    assert "was taken as MBq" in suv_scale([pet], "it").warnings[0]
    assert suv_scale([header(Modality="PT", RadionuclideTotalDose="7.4e8")], "it").warnings == ()


def test_twenty_may_be_millicuries(header: Make) -> None:
    (warning,) = suv_scale([header(RadionuclideTotalDose="20")], "it").warnings
    assert warning == "it: a dose of 20 MBq is unusual; check its unit"


def test_values_corrected_to_the_injection_are_not_decayed_again(header: Make) -> None:
    for word in ("ADMIN", "ADMN"):
        corrected = header(DecayCorrection=word, RadiopharmaceuticalStartTime=None)
        assert suv_of_one_kbq(corrected) == pytest.approx(1e3 * 72_000 / 740e6)
    started = header(DecayCorrection="START")
    assert suv_of_one_kbq(started) == pytest.approx(suv_of_one_kbq(header()))
    (warning,) = suv_scale([header(DecayCorrection="NONE")], "it").warnings
    assert warning == "it is not corrected for decay during the scan; SUV are a little low"


def test_the_half_life_of_the_header_counts_unless_it_is_of_another_nuclide(header: Make) -> None:
    own = header(RadionuclideHalfLife="21624")
    assert suv_of_one_kbq(own) == pytest.approx(1e3 * 72_000 / (740e6 * 0.5 ** (10800 / 21624)))
    wrong = header(RadionuclideHalfLife="6588")  # of fluorine-18
    assert suv_of_one_kbq(wrong) == pytest.approx(suv_of_one_kbq(header()))
    (warning,) = suv_scale([wrong], "it").warnings
    assert warning == "it: the half-life 6588 s is not that of Tc-99m; 21672 s was used"


def test_pet_of_several_beds_refers_to_the_start_of_the_series(header: Make) -> None:
    """Unless the series was reconstructed later."""
    beds = [header(Modality="PT", RadionuclideTotalDose="740e6", SeriesDate="20260110",
                   SeriesTime=series, AcquisitionTime=time)
            for series, time in (("115500", "120500"), ("115500", "120000"))]  # fmt: skip
    scale = suv_scale(beds, "it").suv_per_bq_ml
    assert scale == pytest.approx(72_000 / (740e6 * 0.5 ** ((175 / 60) / 6.02)))
    for bed in beds:
        bed.SeriesTime = "180000"
    scale = suv_scale(beds, "it").suv_per_bq_ml
    assert scale == pytest.approx(72_000 / (740e6 * THREE_HOURS))


def test_pet_without_times_of_its_acquisition_refers_to_the_start_of_the_series(
    header: Make,
) -> None:
    pet = header(Modality="PT", RadionuclideTotalDose="740e6", SeriesDate="20260110",
                 SeriesTime="120000", AcquisitionTime=None)  # fmt: skip
    assert suv_of_one_kbq(pet) == pytest.approx(1e3 * 72_000 / (740e6 * THREE_HOURS))
