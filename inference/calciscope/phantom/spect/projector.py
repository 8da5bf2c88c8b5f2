"""Fast projector of a gamma camera, and its exact mirror.

Each view turns the image so that the camera looks along +w (a sparse matrix of bilinear weights),
attenuates every plane by what lies between it and the camera, blurs it by the collimator's
Gaussian at its distance (two dense matrices, across and along the axis), and sums the planes. As
every step is a matrix, the back projection is the transpose of each in reverse order.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from calciscope.phantom.spect.cameras import Collimator

Image = NDArray[np.float32]
"""An image (N, N, K) on a canonical grid: to the left, to the back, to the head."""

SMALLEST_SAMPLED_PX2 = 0.6
"""Variance (pixels squared) under which a sampled Gaussian is narrower than it should be; there
the three taps [v/2, 1 - v, v/2] have the exact variance v."""

STEP_PX = 0.25
"""Steps of the distances that blurring matrices are made for."""


@dataclass(frozen=True, eq=False)
class Camera:
    """What the projector knows of a scan.

    Attributes:
        collimator: None for a camera that does not blur.
        voxel_mm: cubic.
        angles: radians, shape (V,); at 0 the camera is in front (-y) and turns to the left (+x).
        radii_mm: from the axis of rotation to the collimator, shape (V,).
    """

    collimator: Collimator | None
    voxel_mm: float
    angles: NDArray[np.float64]
    radii_mm: NDArray[np.float64]


class Projector:
    """Projects images of one grid.

    Args:
        camera: the scan.
        attenuation_per_mm: shape (N, N, K), on the grid of the images.
        keep: attenuation of all views stays in memory (faster when used again and again).
        slab: neighboring planes that are blurred alike; N is a multiple of it.
    """

    def __init__(
        self, camera: Camera, attenuation_per_mm: Image, keep: bool = False, slab: int = 1
    ) -> None:
        self._slab = slab
        self.camera = camera
        self.shape: tuple[int, int, int] = attenuation_per_mm.shape
        self._attenuation = attenuation_per_mm.astype(np.float32)
        self._kept: dict[int, Image] | None = {} if keep else None
        self._turns: dict[int, sparse.csr_array] = {}
        self._banks = _blur_bank(camera, self.shape)

    def forward(self, image: Image, view: int) -> NDArray[np.float32]:
        """Projection of one view, shape (N, K): across the detector, along the axis."""
        turned = self._turn(image, view)
        turned *= self._transmission(view)
        blur = self._blur(view)
        if blur is None:
            return np.asarray(turned.sum(axis=0))
        across, along = blur
        size, _, length = self.shape
        slabs = turned.reshape(size // self._slab, self._slab, size, length).sum(axis=1)
        return np.asarray(np.matmul(np.matmul(across, slabs), along).sum(axis=0))

    def backward(self, projection: NDArray[np.float32], view: int) -> Image:
        """The transpose of `forward`."""
        size = self.shape[0]
        blur = self._blur(view)
        if blur is None:
            spread = np.broadcast_to(projection, self.shape).copy()
        else:
            across, along = blur
            slabs = np.matmul(np.matmul(across, projection[None]), along)
            spread = np.repeat(slabs, self._slab, axis=0)
        spread *= self._transmission(view)
        flat = self._matrix(view).T @ spread.reshape(size * size, -1)
        return np.asarray(flat.reshape(self.shape), dtype=np.float32)

    def _turn(self, image: Image, view: int) -> Image:
        """The image on axes (w to the camera, u across, k); shape (N, N, K)."""
        size = self.shape[0]
        flat = self._matrix(view) @ image.reshape(size * size, -1)
        return np.asarray(flat.reshape(self.shape), dtype=np.float32)

    def _matrix(self, view: int) -> sparse.csr_array:
        if view not in self._turns:
            self._turns[view] = turning_matrix(self.shape[0], float(self.camera.angles[view]))
        return self._turns[view]

    def _transmission(self, view: int) -> Image:
        """Share of what each voxel emits that gets out towards the camera."""
        if self._kept is not None and view in self._kept:
            return self._kept[view]
        mu = self._turn(self._attenuation, view)
        # Half of the own voxel, and all those nearer to the camera.
        before = np.cumsum(mu[::-1], axis=0)[::-1] - 0.5 * mu
        share = np.exp(-np.float32(self.camera.voxel_mm) * before).astype(np.float32)
        if self._kept is not None:
            self._kept[view] = share
        return share

    def _blur(self, view: int) -> tuple[Image, Image] | None:
        """Blurring matrices of each of the S slabs, across (S, N, N) and along (S, K, K)."""
        if self._banks is None:
            return None
        size = self.shape[0]
        planes = np.arange(size).reshape(-1, self._slab).mean(axis=1)
        place = (planes - 0.5 * (size - 1)) * self.camera.voxel_mm
        distance = np.maximum(self.camera.radii_mm[view] - place, 0.0)
        step = np.rint(distance / (STEP_PX * self.camera.voxel_mm)).astype(int)
        across, along = self._banks
        step = np.minimum(step, len(across) - 1)
        return across[step], along[step]


def turning_matrix(size: int, angle: float) -> sparse.csr_array:
    """Bilinear weights from (x, y) to (w, u), both N x N and flattened.

    At angle 0 the camera is in front: w runs to -y and u to +x; it turns towards +x.
    """
    center = 0.5 * (size - 1)
    w, u = np.meshgrid(np.arange(size) - center, np.arange(size) - center, indexing="ij")
    sine, cosine = np.sin(angle), np.cos(angle)
    x = (w * sine + u * cosine + center).ravel()
    y = (-w * cosine + u * sine + center).ravel()
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    rows, columns, weights = [], [], []
    for dx in (0, 1):
        for dy in (0, 1):
            i, j = x0 + dx, y0 + dy
            weight = (1 - np.abs(x - i)) * (1 - np.abs(y - j))
            good = (i >= 0) & (i < size) & (j >= 0) & (j < size) & (weight > 1e-7)
            rows.append(np.flatnonzero(good))
            columns.append((i * size + j)[good])
            weights.append(weight[good])
    triplets = (
        np.concatenate(weights).astype(np.float32),
        (
            np.concatenate(rows),
            np.concatenate(columns),
        ),
    )
    return sparse.csr_array(triplets, shape=(size * size, size * size))


def gaussian_matrix(size: int, sigma_px: float) -> NDArray[np.float32]:
    """Blur of `size` pixels by a Gaussian; what leaves the field is lost. Symmetric."""
    offset = np.arange(size)[:, None] - np.arange(size)[None, :]
    variance = sigma_px**2
    if variance <= SMALLEST_SAMPLED_PX2:
        kernel = np.where(offset == 0, 1 - variance, np.where(abs(offset) == 1, variance / 2, 0.0))
        return np.asarray(kernel, dtype=np.float32)
    reach = np.arange(-size, size + 1)
    total = np.exp(-(reach**2) / (2 * variance)).sum()
    return np.asarray(np.exp(-(offset**2) / (2 * variance)) / total, dtype=np.float32)


def _blur_bank(camera: Camera, shape: tuple[int, int, int]) -> tuple[Image, Image] | None:
    """Blurring matrices across and along for distances in steps of STEP_PX."""
    if camera.collimator is None:
        return None
    farthest = float(np.max(camera.radii_mm)) + 0.5 * shape[0] * camera.voxel_mm
    distances = np.arange(0.0, farthest, STEP_PX * camera.voxel_mm)
    sigmas = camera.collimator.sigma_mm(distances) / camera.voxel_mm
    across = np.stack([gaussian_matrix(shape[0], s) for s in sigmas])
    along = np.stack([gaussian_matrix(shape[2], s) for s in sigmas])
    return across, along
