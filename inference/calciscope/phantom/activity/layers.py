"""The grid that uptake is painted on, with the places and distances that foci are put by."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.evaluation.spect.cases import NO_COMPARTMENT
from calciscope.labels import Compartment, Label
from calciscope.phantom.activity.settings import INDEX
from calciscope.phantom.anatomy.parts import Vessel
from calciscope.phantom.anatomy.solids import Axes, grid_axes
from calciscope.phantom.limb_drawing import Canvas
from calciscope.volume import Volume

Mask = NDArray[np.bool_]
Values = NDArray[np.float32]

VOXEL_MM = 2.8
"""Of the fine grid: a third of what a gamma camera resolves."""

FAR_MM = 1e3


@dataclass(eq=False)
class Layers:
    """What is known of each voxel of the fine grid; `suv` and `compartments` are being painted.

    Attributes:
        grid: canonical, VOXEL_MM; its array is not used.
        tissues: `labels.Label` and 255 as painted for the CT.
        muscles: number of the muscle, 255 in the viscera.
        suv: true SUVbw; compartments: index into HOT_SPOT_COMPARTMENTS, 255 in the air.
        organs: masks by name; joint, tendon: masks.
        bone_end_mm: distance to the nearer end of a long bone, inside it.
        vessels: of all limbs.
    """

    grid: Volume
    tissues: NDArray[np.uint8]
    muscles: NDArray[np.uint8]
    suv: Values
    compartments: NDArray[np.uint8]
    organs: dict[str, Mask] = field(default_factory=dict)
    joint: Mask = field(default_factory=lambda: np.zeros(0, bool))
    tendon: Mask = field(default_factory=lambda: np.zeros(0, bool))
    vessels: list[Vessel] = field(default_factory=list)

    @classmethod
    def of(cls, canvas: Canvas) -> "Layers":
        """Blank layers over the extent of a painted canvas."""
        extent = np.array(canvas.grid.shape) * canvas.grid.spacing_mm
        first = canvas.grid.lps_mm([0, 0, 0]) - 0.5 * canvas.grid.spacing_mm
        shape = tuple(max(int(n), 1) for n in extent / VOXEL_MM)
        blank = np.broadcast_to(np.uint8(0), shape)
        grid = Volume.from_spacing(blank, (VOXEL_MM,) * 3, tuple(first + 0.5 * VOXEL_MM))
        pick = np.ix_(*(_picked(canvas.grid, grid, axis) for axis in range(3)))
        tissues = canvas.tissues[pick]
        none = np.zeros(shape, bool)
        return cls(
            grid, tissues, canvas.muscles[pick], np.zeros(shape, np.float32),
            np.full(shape, NO_COMPARTMENT, np.uint8), joint=none, tendon=none.copy(),
        )  # fmt: skip

    @cached_property
    def axes(self) -> Axes:
        """World coordinates as an open grid."""
        return grid_axes(self.grid)

    @property
    def body(self) -> Mask:
        """Inside the skin."""
        return np.asarray(self.tissues != Label.BACKGROUND)

    @property
    def bone(self) -> Mask:
        """Bone as the CT shows it."""
        return np.asarray(self.tissues == Label.BONE)

    def of_compartment(self, compartment: Compartment) -> Mask:
        """Voxels of a compartment so far."""
        return np.asarray(self.compartments == INDEX[compartment])

    def distance_mm(self, to: Mask) -> Values:
        """Distance to a mask; far where it is empty."""
        if not to.any():
            return np.full(to.shape, FAR_MM, np.float32)
        return np.asarray(ndimage.distance_transform_edt(~to, VOXEL_MM), dtype=np.float32)

    @cached_property
    def skin_depth_mm(self) -> Values:
        """Distance to the air inside the body, 0 outside."""
        return self.distance_mm(~self.body)

    @cached_property
    def height_mm(self) -> Values:
        """Distance to the body outside of it, 0 inside."""
        return self.distance_mm(self.body)

    @cached_property
    def smooth_depth(self) -> Values:
        """Depth under the skin, negative outside, smooth enough for its slope."""
        return ndimage.gaussian_filter(self.skin_depth_mm - self.height_mm, 1.5)

    @cached_property
    def from_fat_mm(self) -> Values:
        """Distance to the subcutis."""
        return self.distance_mm(self._plain(Compartment.SUBCUTANEOUS))

    @cached_property
    def from_muscle_mm(self) -> Values:
        """Distance to muscle."""
        return self.distance_mm(self._plain(Compartment.MUSCLE))

    @cached_property
    def from_bone_mm(self) -> Values:
        """Distance to bone."""
        return self.distance_mm(self.bone)

    @cached_property
    def from_joint_mm(self) -> Values:
        """Distance to a joint."""
        return self.distance_mm(self.joint)

    def _plain(self, compartment: Compartment) -> Mask:
        return self.of_compartment(compartment)


def _picked(source: Volume, target: Volume, axis: int) -> NDArray[np.intp]:
    """Nearest index of a canonical grid for each index of another, along one axis."""
    places = target.affine[axis, 3] + target.spacing_mm[axis] * np.arange(target.shape[axis])
    index = np.round((places - source.affine[axis, 3]) / source.spacing_mm[axis]).astype(np.intp)
    return np.asarray(np.clip(index, 0, source.shape[axis] - 1))
