"""findings.json read back: the same as what was written, or a sentence."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from calciscope.errors import InputError, UnreadableFileError
from calciscope.findings import CtFindings, Findings, Lesion, ModelUse, Provenance
from calciscope.findings_json import to_dict, to_json
from calciscope.findings_reading import read_findings
from calciscope.labels import Compartment
from calciscope.locations import Level


@pytest.fixture
def findings(make_ct: Callable[..., CtFindings], lesion: Lesion) -> Findings:
    other = replace(lesion, id=2, compartment=Compartment.SUBCUTANEOUS, level=None)
    provenance = Provenance(
        program="calciscope",
        program_version="0.2.0",
        models=(ModelUse("ct-calcification", "0.2.0", "a" * 64),),
        engine="openvino bf16",
        device="CPU",
        times_s={"read": 1.5},
        peak_ram_mb=900.0,
        warnings=("One sentence.",),
        acquired_on="2026-03-01",
    )
    return Findings(provenance=provenance, ct=make_ct(lesion, other))


def test_what_was_written_is_read_back(findings: Findings, tmp_path: Path) -> None:
    path = tmp_path / "findings.json"
    path.write_text(to_json(findings), encoding="utf-8")
    read = read_findings(path)
    # All but the burden, which is the sum of lesions that were rounded when they were written.
    one, two = to_dict(read), to_dict(findings)
    assert one["provenance"] == two["provenance"]
    assert one["ct"]["lesions"] == two["ct"]["lesions"]
    assert one["ct"]["definition"] == two["ct"]["definition"]
    assert read.ct.burden.total.ha_mass_mg == pytest.approx(
        findings.ct.burden.total.ha_mass_mg, abs=0.02
    )
    assert read.ct.lesions[0].compartment is Compartment.MUSCLE
    assert read.ct.lesions[0].level is Level.DISTAL
    assert read.ct.lesions[1].level is None
    assert read.provenance.acquired_on == "2026-03-01"
    assert read.provenance.models == findings.provenance.models


def test_what_later_versions_add_is_passed_over(findings: Findings, tmp_path: Path) -> None:
    document = to_dict(findings)
    document["ct"]["lesions"][0]["chain_id"] = 3
    document["provenance"]["weather"] = "fine"
    path = tmp_path / "findings.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert len(read_findings(path).ct.lesions) == 2


def test_without_a_date_there_is_none(findings: Findings, tmp_path: Path) -> None:
    document = to_dict(findings)
    del document["provenance"]["acquired_on"]
    path = tmp_path / "findings.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert read_findings(path).provenance.acquired_on is None


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"schema_version": "1.0", "provenance": {"models": []}, "ct": {}}']
)
def test_another_document_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "findings.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"findings\.json is not what .* run the study again"):
        read_findings(path)


def test_an_unknown_word_is_refused(findings: Findings, tmp_path: Path) -> None:
    document = to_dict(findings)
    document["ct"]["lesions"][0]["laterality"] = "links"
    path = tmp_path / "findings.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match="run the study again"):
        read_findings(path)


def test_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "findings.json"
    path.write_bytes(b"\xff\xfe half a fi")
    with pytest.raises(UnreadableFileError, match=r"findings\.json cannot be read as JSON"):
        read_findings(path)
