import pytest

from calciscope.readers.kernels import is_sharp_kernel


@pytest.mark.parametrize(
    "kernel",
    [
        "SOFT",
        "STANDARD",
        "standard",
        "DETAIL",
        "B30f",
        "Br40d",
        "B20s",
        "I30f",
        "FC08",
        "FC18",
        "A",
    ],
)
def test_soft_kernels(kernel: str) -> None:
    assert is_sharp_kernel(kernel) is False


@pytest.mark.parametrize(
    "kernel",
    [
        "BONE",
        "BONEPLUS",
        "LUNG",
        "EDGE",
        "B70f",
        "Br64d",
        "Bl57",
        "U90u",
        "FC30",
        "FC81",
        "YC",
        "D",
    ],
)
def test_sharp_kernels(kernel: str) -> None:
    assert is_sharp_kernel(kernel) is True


@pytest.mark.parametrize("kernel", [None, "", "XYZ", "Qr"])
def test_unknown_kernels(kernel: str | None) -> None:
    assert is_sharp_kernel(kernel) is None
