"""Further files of one model: the same network in another arithmetic, checked against fp32."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INT8 = "int8"

MINIMUM_LABEL_AGREEMENT = 0.999
"""Smallest share of equal labels, on windows that hold calcification, for a variant to be used."""


@dataclass(frozen=True)
class ModelVariant:
    """A quantized version of a network.

    Attributes:
        precision: of its arithmetic, such as "int8".
        file: its ONNX file inside the model's folder.
        sha256: hexadecimal digest of that file.
        engines: names of the engines that it was checked on and is faster on.
        label_agreement: share of voxels with the label of the fp32 network, on windows that hold
            calcification and were not calibrated on.
        agreement: all figures of the check, free form.
    """

    precision: str
    file: str
    sha256: str
    engines: tuple[str, ...]
    label_agreement: float
    agreement: Mapping[str, Any]

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "ModelVariant":
        """Read what `dataclasses.asdict` gave; ValueError, KeyError or TypeError if malformed."""
        variant = cls(
            str(record["precision"]),
            str(record["file"]),
            str(record["sha256"]),
            tuple(str(name) for name in record["engines"]),
            float(record["label_agreement"]),
            dict(record["agreement"]),
        )
        if Path(variant.file).name != variant.file:
            raise ValueError(f"a file outside its folder, {variant.file}")
        if not variant.label_agreement >= MINIMUM_LABEL_AGREEMENT:
            raise ValueError(f"{variant.precision} agrees on {variant.label_agreement} of labels")
        return variant
