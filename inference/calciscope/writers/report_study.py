"""What the report says about the study: series, scanner, grid; the patient only on request."""

from calciscope.readers.study import CtStudy, series_text

Row = tuple[str, str]


def study_rows(study: CtStudy) -> tuple[Row, ...]:
    """The analyzed study as name and value; what the source does not state is left out."""
    rows = (
        ("Study", _joined(_text(study, "StudyDescription"), _date(_text(study, "StudyDate")))),
        ("Patient ID", study.patient_shown),
        ("Series", series_text(study.series) if study.series else study.source.name),
        ("Scanner", _scanner(study)),
        ("Acquisition", _acquisition(study)),
        ("Grid", _grid(study)),
    )
    return tuple((name, value) for name, value in rows if value)


def _text(study: CtStudy, keyword: str) -> str:
    """A value of the first source header, empty where there is none."""
    if not study.instances:
        return ""
    value = study.instances[0].get(keyword)
    return "" if value is None else str(value).strip()


def _date(value: str) -> str:
    """A DICOM date (DA) as people write it."""
    return f"{value[:4]}-{value[4:6]}-{value[6:]}" if len(value) == 8 else value


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _scanner(study: CtStudy) -> str:
    made = study.acquisition
    return " ".join(part for part in (made.manufacturer, made.model_name) if part)


def _acquisition(study: CtStudy) -> str:
    made = study.acquisition
    return _joined(
        f"{made.kvp:g} kVp" if made.kvp is not None else "",
        f"{made.exposure_mas:.0f} mAs" if made.exposure_mas is not None else "",
        f"{made.slice_thickness_mm:.3g} mm slices" if made.slice_thickness_mm is not None else "",
        f"kernel {made.kernel}" if made.kernel else "",
        f"contrast agent {made.contrast_agent}" if made.contrast_agent else "",
        f"position {made.patient_position}" if made.patient_position else "",
    )


def _grid(study: CtStudy) -> str:
    voxels = " × ".join(str(count) for count in study.volume.shape)
    spacing = " × ".join(f"{value:.2f}" for value in study.volume.spacing_mm)
    note = ", resampled from the source's slices" if study.resampled else ""
    return f"{voxels} voxels of {spacing} mm{note}"
