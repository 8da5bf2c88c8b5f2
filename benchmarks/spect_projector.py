"""Projecting a bone SPECT: our matrices against plain scipy.ndimage, and against PyTomography.

    python benchmarks/spect_projector.py [--size 80] [--length 80] [--views 20] [--repeats 3]

The plain projector turns the image with `ndimage.rotate` and blurs plane by plane with
`ndimage.gaussian_filter`; it is what ours replaced. PyTomography is timed where it is installed.
Times are medians over the repeats; in one repeat the projectors take turns.
"""

import argparse
import warnings
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.phantom.spect.cameras import collimator
from calciscope.phantom.spect.projector import Camera, Projector

VOXEL_MM, RADIUS_MM = 4.8, 220.0
Image = NDArray[np.float32]


def plain(image: Image, mu: Image, camera: Camera) -> None:
    """Project all views, one step after the other."""
    size = image.shape[0]
    if camera.collimator is None:
        raise ValueError("the plain projector is timed with a collimator")
    place = (np.arange(size) - 0.5 * (size - 1)) * VOXEL_MM
    for angle, radius in zip(camera.angles, camera.radii_mm, strict=True):
        turned, thick = (
            ndimage.rotate(each, np.rad2deg(angle), (0, 1), reshape=False, order=1)
            for each in (image, mu)
        )
        before = np.cumsum(thick[::-1], axis=0)[::-1] - 0.5 * thick
        turned = turned * np.exp(-VOXEL_MM * before)
        sigmas = camera.collimator.sigma_mm(radius - place) / VOXEL_MM
        for plane, sigma in zip(turned, sigmas, strict=True):
            ndimage.gaussian_filter(plane, sigma, mode="constant", output=plane)
        turned.sum(axis=0)


def pytomography(image: Image, mu: Image, camera: Camera) -> Callable[[], object] | None:
    """The same with PyTomography; None where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import torch
            from pytomography.metadata.SPECT import SPECTObjectMeta, SPECTProjMeta, SPECTPSFMeta
            from pytomography.projectors.SPECT import SPECTSystemMatrix
            from pytomography.transforms.SPECT import (
                SPECTAttenuationTransform,
                SPECTPSFTransform,
            )
        except ImportError:
            return None
    lens = camera.collimator

    def sigma_cm(distance_cm: object, *_: object) -> object:
        return None if lens is None else lens.sigma_mm(np.asarray(distance_cm) * 10) / 10

    step = VOXEL_MM / 10
    psf = SPECTPSFMeta((0,), sigma_fit=sigma_cm, min_sigmas=3)
    system = SPECTSystemMatrix(
        [SPECTAttenuationTransform(torch.tensor(10 * mu)), SPECTPSFTransform(psf)],
        [],
        SPECTObjectMeta([step] * 3, list(image.shape)),
        SPECTProjMeta(
            [image.shape[0], image.shape[2]],
            [step] * 2,
            -np.rad2deg(camera.angles) % 360,
            radii=camera.radii_mm / 10,
        ),
    )
    tensor = torch.tensor(image)
    return lambda: system.forward(tensor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=80)
    parser.add_argument("--length", type=int, default=80)
    parser.add_argument("--views", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    shape = (given.size, given.size, given.length)
    image = rng.uniform(size=shape).astype(np.float32)
    mu = np.full(shape, 0.015, np.float32)
    angles = 2 * np.pi * np.arange(given.views) / given.views
    camera = Camera(collimator("symbia_lehr"), VOXEL_MM, angles, np.full(given.views, RADIUS_MM))
    projector = Projector(camera, mu)
    rivals: dict[str, Callable[[], object]] = {
        "ours": lambda: [projector.forward(image, view) for view in range(given.views)],
        "scipy.ndimage": lambda: plain(image, mu, camera),
    }
    other = pytomography(image, mu, camera)
    if other is not None:
        rivals["PyTomography"] = other
    times: dict[str, list[float]] = {name: [] for name in rivals}
    for _ in range(given.repeats + 1):
        for name, call in rivals.items():
            start = perf_counter()
            call()
            times[name].append(perf_counter() - start)
    # The first round warms up and makes what is kept.
    medians = {name: median(each[1:]) for name, each in times.items()}
    for name, seconds in medians.items():
        print(
            f"{name:<14} {1000 * seconds / given.views:7.1f} ms a view, "
            f"{seconds / medians['ours']:5.1f} times ours"
        )


if __name__ == "__main__":
    main()
