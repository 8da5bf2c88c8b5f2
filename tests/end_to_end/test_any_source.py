"""From odd but readable sources to all files: no warning, no fault, no name in what is printed."""

import json
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import DataElement, Dataset, dcmread
from pydicom.uid import ImplicitVRLittleEndian

from calciscope.errors import CalciscopeError
from calciscope.phantom.dicom import write_ct_series
from calciscope.pipeline import Analyzer
from calciscope.volume import Volume
from calciscope.writers.output_folder import RESULT_NAMES

MARKER = "Zzyzx"
IDENTITY = {
    "PatientName": f"{MARKER}^Anna",
    "PatientID": f"{MARKER}-1",
    "PatientBirthDate": "19010203",
    "OtherPatientIDs": f"{MARKER}-2",
    "PatientAddress": f"{MARKER} street",
    "PatientMotherBirthName": f"{MARKER}^Mother",
    "PatientComments": f"{MARKER} comments",
    "ReferringPhysicianName": f"{MARKER}^Doctor",
    "PerformingPhysicianName": f"{MARKER}^Performer",
    "OperatorsName": f"{MARKER}^Operator",
    "InstitutionName": f"{MARKER} hospital",
    "InstitutionAddress": f"{MARKER} road",
    "StationName": f"{MARKER}1",
    "AccessionNumber": f"{MARKER}-3",
    "StudyID": f"{MARKER}4",
}
"""Elements that may identify; all hold the marker, the date is odd enough to be one."""


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer(threads=1)


@pytest.fixture
def limb() -> Volume:
    """One limb with bone and a deposit: 64 x 48 pixels, four slices."""
    x, y = np.mgrid[-32:32, -24:24]
    distance = np.hypot(x, y)
    plane = np.full((64, 48), -1000)
    for radius, hu in ((22, -80), (18, 50), (5, 900)):
        plane[distance < radius] = hu
    array = np.repeat(plane[..., None], 4, axis=2)
    array = array + np.random.default_rng(0).integers(-20, 20, array.shape)
    array[40:44, 24:28, 1:3] = 500
    return Volume.from_spacing(
        np.maximum(array, -1024).astype(np.int16), (1, 1, 2.5), (-32, -24, 0)
    )


def change(paths: list[Path], edit: Callable[[Dataset], None]) -> None:
    """Edit files with pydicom's own warnings about it silenced."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in paths:
            dataset = dcmread(path)
            edit(dataset)
            dataset.save_as(path)


def without(*keywords: str) -> Callable[[Dataset], None]:
    def edit(dataset: Dataset) -> None:
        for keyword in keywords:
            dataset.pop(keyword, None)

    return edit


def other(**elements: Any) -> Callable[[Dataset], None]:
    def edit(dataset: Dataset) -> None:
        for keyword, value in elements.items():
            dataset.pop(keyword, None)
            if isinstance(value, tuple):
                dataset.add(DataElement(keyword, *value))
            else:
                setattr(dataset, keyword, value)

    return edit


def private(dataset: Dataset) -> None:
    block = dataset.private_block(0x0029, "A MAKER", create=True)
    block.add_new(0x10, "OB", b"\0" * 1000)
    block.add_new(0x11, "UN", b"\xff" * 7)
    dataset.add_new(0x00291110, "SQ", [Dataset()])


SOURCES: dict[str, Callable[[Dataset], None]] = {
    "as it should be": without(),
    "private elements": private,
    "almost nothing": without(
        *IDENTITY, "FrameOfReferenceUID", "SliceThickness", "StudyDate", "StudyTime", "KVP",
        "SeriesNumber", "InstanceNumber", "PatientSex", "Manufacturer", "ConvolutionKernel",
        "SeriesDescription", "PatientPosition", "AcquisitionNumber", "ImageType", "SeriesDate",
    ),
    "wrong representations": other(
        PixelSpacing=("LO", ["1", "1"]), SliceThickness=("LO", "thin"),
        SeriesNumber=("LO", ["1", "2"]), KVP=("LO", "a lot"), StudyDate=("LO", "yesterday"),
        PatientName=("LO", "no name"), PatientSex=("US", 1), StudyID=("DS", 3),
    ),
    "values that break the standard": other(
        PatientBirthDate="1.2.1950", StudyTime="noon", PatientID="x" * 90, StudyID="y" * 30,
        PatientSex="diverse", AccessionNumber="z" * 40, FrameOfReferenceUID="1.02.003",
    ),
    "an unknown character set": other(SpecificCharacterSet="KLINGON", PatientName="Ko^Tor"),
    "another character set": other(
        SpecificCharacterSet=["", "ISO 2022 IR 87"],
        PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    "a character set that does not fit": other(
        SpecificCharacterSet="ISO_IR 100", PatientName="Müller^Jürgen", PatientID="Ünal"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_every_result_is_written(
    analyzer: Analyzer, limb: Volume, tmp_path: Path, name: str
) -> None:
    paths = write_ct_series(limb, tmp_path / "ct", uid_seed="any")
    change(paths, SOURCES[name])
    findings = analyzer.run(tmp_path / "ct", tmp_path / "out")
    assert findings.ct.burden.total.count == 1
    # Four slices of one leg, and no other note where nothing is missing.
    notes = findings.provenance.warnings
    assert any(note.startswith("Only one limb is in view") for note in notes)
    assert len(notes) == 1 or name in ("almost nothing", "wrong representations")
    assert dcmread(tmp_path / "out" / "dicom" / "segmentation.dcm").Modality == "SEG"
    assert json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"))


def test_bytes_that_fit_no_character_set(analyzer: Analyzer, limb: Volume, tmp_path: Path) -> None:
    """A name in Latin-1 that says it is UTF-8, byte by byte, in a file without file meta."""
    paths = write_ct_series(
        limb, tmp_path / "ct", uid_seed="any", patient_name="Mxller", patient_id="Mxller",
        transfer_syntax=ImplicitVRLittleEndian,
    )  # fmt: skip
    for path in paths:
        path.write_bytes(path.read_bytes().replace(b"Mxller", b"M\xfcller"))
    analyzer.run(tmp_path / "ct", tmp_path / "out")
    assert (tmp_path / "out" / "dicom" / "segmentation.dcm").exists()


def identified(paths: list[Path]) -> None:
    change(paths, other(**IDENTITY))


FAULTS: dict[str, Callable[[list[Path]], object]] = {
    "a slice is missing": lambda paths: paths[1].unlink(),
    "a slice is doubled": lambda p: p[1].with_name("copy").write_bytes(p[1].read_bytes()),
    "cut": lambda paths: paths[1].write_bytes(paths[1].read_bytes()[:-100]),
    "no rescale": lambda paths: change(paths, without("RescaleSlope")),
    "no position": lambda paths: change(paths, without("ImagePositionPatient")),
    "no UID": lambda paths: change(paths, without("SOPInstanceUID")),
    "not CT": lambda paths: change(paths, other(Modality="MR")),
    "a name that is no name": lambda paths: change(
        paths,
        other(PatientName=("UN", MARKER.encode() + b"\xff\\=^="), PatientBirthDate=f"{MARKER} day"),
    ),
    "none": lambda paths: None,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_that_is_printed_names_the_patient(
    analyzer: Analyzer,
    limb: Volume,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    fault: str,
) -> None:
    """Errors, warnings, log records, the terminal and file names; results are another matter."""
    paths = write_ct_series(limb, tmp_path / "ct", uid_seed="any")
    identified(paths)
    FAULTS[fault](paths)
    caplog.clear()
    told: list[str] = []
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            findings = analyzer.run(tmp_path / "ct", tmp_path / "out")
            provenance = findings.provenance
            told += [provenance.series, *provenance.series_left_out, *provenance.warnings]
        except CalciscopeError as error:
            told.append(str(error))
    told += [str(warning.message) for warning in caught]
    told += [record.getMessage() for record in caplog.records]
    told += [*capfd.readouterr(), *(str(path) for path in tmp_path.rglob("*"))]
    for secret in (MARKER, "19010203"):
        assert not [text for text in told if secret in text]


def test_where_the_patient_is_named(analyzer: Analyzer, limb: Volume, tmp_path: Path) -> None:
    """In the DICOM results, which belong into the patient's study, and nowhere else."""
    paths = write_ct_series(limb, tmp_path / "ct", uid_seed="any")
    identified(paths)
    analyzer.run(tmp_path / "ct", tmp_path / "out")
    named = {
        path.relative_to(tmp_path / "out").as_posix()
        for path in (tmp_path / "out").rglob("*")
        if path.is_file() and MARKER.encode() in path.read_bytes()
    }
    dicom = {name for name in RESULT_NAMES if name.startswith("dicom/")}
    assert named <= dicom
    assert "dicom/segmentation.dcm" in named
