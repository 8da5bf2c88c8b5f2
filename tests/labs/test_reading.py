"""Laboratory values from YAML: nothing is guessed, every refusal names file, value and cure."""

from pathlib import Path
from time import process_time

import pytest

from calciscope.errors import InputError
from calciscope.labs import read_labs
from calciscope.labs.values import Disease, LabValues, Quantity


def written(folder: Path, text: str) -> Path:
    path = folder / "labs.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_values_with_their_units(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        calcium: 2.42 mmol/l
        phosphate: {value: 3.4, unit: MG/DL}
        albumin: 41 g/L
        egfr: 88 mL/min/1.73m²
        creatine_kinase: {value: 6.8, unit: µkat/L, upper_limit: 2.9}
        anti_centromere: {value: 20.01, upper_limit: 20}
        ana_titer: 1:320
        disease: dermatomyositis
        """,
    )
    assert read_labs(path) == LabValues(
        calcium=Quantity(2.42, "mmol/L"),
        phosphate=Quantity(3.4, "mg/dL"),
        albumin=Quantity(41.0, "g/L"),
        egfr=Quantity(88.0, "mL/min/1.73m2"),
        creatine_kinase=Quantity(6.8, "ukat/L", 2.9),
        anti_centromere=Quantity(20.01, "", 20.0),
        ana_titer="1:320",
        disease=Disease.DERMATOMYOSITIS,
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("calcium: 2.42 mg/dL", r"2.42 mg/dL is not possible \(4 to 20\); is it in mmol/L\?"),
        ("calcium: 9.7 mmol/L", r"9.7 mmol/L is not possible .* is it in mg/dL\?"),
        ("phosphate: 40 mg/dL", r"phosphate of 40 mg/dL is not possible \(0.3 to 20\)$"),
        ("albumin: 41 g/dL", r"is it in g/L\?"),
        ("calcium: 9.7", "calcium has no unit; write one of mg/dL or mmol/L"),
        ("calcium: 9.7 mg/L", "calcium is in 'mg/L', which is not known"),
        ("calcium: 9,7 mg/dL", "calcium is '9,7 mg/dL'; write it as a number with a decimal point"),
        ("calcium: high", "calcium is 'high'; write it as a number"),
        ("calcium: -9.7 mg/dL", "calcium is '-9.7 mg/dL'; write it as a number"),
        ("calcium: 9.7.1 mg/dL", "calcium is '9.7.1 mg/dL'; write it as a number"),
        ("calcium: {value: true, unit: mg/dL}", "'true', which is not a number"),
        ("calcium: {value: .nan, unit: mg/dL}", "'.nan', which is not a number"),
        (
            f"calcium: {{value: {'9' * 400}, unit: mg/dL}}",
            r"calcium is '9{37}\.\.\.', which is not",
        ),
        ("calcium: !!float abc", "calcium is 'abc'; write it as a number"),
        ("calcium: [9.7]", "calcium is '\\['9.7'\\]'; write it as a number"),
        ("date: 2024-02-30", "date is not known"),
        ("calcium: {unit: mg/dL}", "calcium has no value"),
        ("calcium:", "calcium has no value"),
        ("calcium: {value: 9, unit: mg/dL, normal: 10}", "calcium has normal, which is not known"),
        ("calcium: 9.7 mg/dL\ncalcium: 12 mg/dL", "calcium is there twice; leave one"),
        ("creatine_kinase: {value: 4, unit: U/L, upper_limit: 0}", "must be above 0"),
        ("creatine_kinase: {value: 4, unit: U/L, upper_limit: 9999999}", "upper_limit .* possible"),
        ("ionized_calcium: 1.2 mmol/L", "ionized_calcium is not known; use calcium, phosphate"),
        ("ana_titer: positive", "ana_titer is 'positive'"),
        ("ana_titer:", "ana_titer has no value"),
        ("disease: gout", "disease 'gout' is not known; use limited_systemic_sclerosis"),
        ("disease: [lupus]", "is not known; use limited_systemic_sclerosis"),
        ("disease:", "disease has no value"),
        ("", "holds no laboratory values"),
        ("- calcium", "holds no laboratory values"),
        ("calcium: [1", "is not YAML"),
        ("&a [*a]", "is not YAML|holds no laboratory values"),
    ],
)
def test_what_cannot_be_is_refused_by_name(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as refusal:
        read_labs(written(tmp_path, text))
    assert "labs.yaml" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent.yaml cannot be read \(No such file"):
        read_labs(tmp_path / "absent.yaml")
    (tmp_path / "picture").write_bytes(b"\x89PNG\r\n\x00\xff")
    with pytest.raises(InputError, match="picture is not YAML"):
        read_labs(tmp_path / "picture")
    (tmp_path / "large").write_text("#" * 200_000)
    with pytest.raises(InputError, match="too large"):
        read_labs(tmp_path / "large")


def test_a_list_that_holds_itself_many_times_over_is_quoted_briefly(tmp_path: Path) -> None:
    # Ten thousand million "x" if it were written out.
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    path = tmp_path / "labs.yaml"
    path.write_text("\n".join(lines) + "\ncalcium: *a9\n")
    with pytest.raises(InputError, match="is not known"):
        read_labs(path)
    path.write_text("calcium:\n" + "\n".join(f"  - {line[4:]}" for line in lines) + "\n")
    with pytest.raises(InputError, match="calcium is '"):
        read_labs(path)


def test_thirty_thousand_names_take_no_time(tmp_path: Path) -> None:
    path = tmp_path / "labs.yaml"
    path.write_text("\n".join(f"{n:x}: 1" for n in range(12_000)))
    start = process_time()
    with pytest.raises(InputError, match="is not known"):
        read_labs(path)
    assert process_time() - start < 5
