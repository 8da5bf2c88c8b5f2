"""What a reconstruction kernel's name says of its sharpness, by vendor habit."""

import re

_SHARP = {"BONE", "LUNG", "EDGE", "ULTRA", "SHARP", "D", "E", "L", "YB", "YC", "YD", "YE"}
_SOFT = {"SOFT", "STANDARD", "STND", "STD", "SMOOTH", "DETAIL", "BODY", "A", "B", "C", "YA", "SB"}


def is_sharp_kernel(kernel: str | None) -> bool | None:
    """Whether a Convolution Kernel enhances edges: True, False, or None where its name is unknown.

    GE and Philips use words and letters. Siemens numbers kernels by sharpness (B30f, Br40d, Bl57),
    sharp from 50; Canon (FC03, FC30, FC81) from 30.
    """
    name = (kernel or "").strip().upper()
    word = re.split(r"[\s_/\\-]", name)[0]
    if word in _SHARP or "BONE" in name or "LUNG" in name:
        return True
    if word in _SOFT:
        return False
    canon = re.match(r"FC(\d+)", name)
    if canon:
        return int(canon[1]) >= 30
    siemens = re.match(r"[A-Z]{1,2}(\d\d)", name)
    if siemens:
        return int(siemens[1]) >= 50
    return None
