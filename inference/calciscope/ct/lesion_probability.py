"""How probable it is that a lesion is one: from what the network says in it and what lies around.

A lesion's mean voxel probability says little about the lesion: streaks of metal and the skin of
bone are as sure as small deposits are. What tells them apart is the peak of the network's answer,
the contrast (a network that is sure of what hardly stands out is mistaken) beside the noise around,
and whether bone, vessel walls, metal or air lie around. Weights of these are fitted on validation
cases and stored in the model's manifest. Contrast and noise are those of the smoothed CT: they are
fitted on the model's grid and used on the grid of any CT, whose voxels may be far smaller.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from calciscope.ct.masks import box_around, component_voxels
from calciscope.errors import ModelError
from calciscope.labels import Label
from calciscope.models.operating_point import FULL, LesionCalibration, logit_of_map
from calciscope.volume import Volume

SHELL_MM = 3.0
"""What lies within this distance of a lesion is its surroundings."""

BACKGROUND_MM = (3.0, 6.0)
SMOOTHING_MM = 1.1, 2.2
"""Standard deviations of two Gaussians: contrast is taken behind the first, and noise is what the
second takes away from it."""

_MINIMUM_SAMPLE = 5
_SOFT_TISSUE_HU, _NOISE_HU = 50.0, 5.0
"""Background and noise where a lesion has too little tissue around it to take them from."""

_MAD_OF_NORMAL = 0.6745
"""Median absolute deviation of a normal distribution, in standard deviations."""

FEATURES = (
    "mean_logit",
    "peak_logit",
    "log_volume",
    "log_contrast",
    "log_noise",
    "bone_share",
    "vascular_share",
    "foreign_share",
    "background_share",
)
"""Mean and peak of the calibrated log odds; ln of mm3 and HU; shares of the shell's labels.

A model stores weights by these names; one that was calibrated before a name came has none for it.
"""

_SHARES = {
    "bone_share": Label.BONE,
    "vascular_share": Label.VASCULAR,
    "foreign_share": Label.FOREIGN,
    "background_share": Label.BACKGROUND,
}


def candidates_with_features(
    ct: Volume,
    calcification: NDArray[np.bool_],
    tissue: NDArray[np.uint8],
    probability: NDArray[np.uint8],
    body: NDArray[np.bool_],
) -> list[tuple[NDArray[np.intp], dict[str, float]]]:
    """Every component of a mask with its features.

    Args:
        ct: HU, shape (I, J, K), any axes.
        calcification: what may be mineral, same shape.
        tissue: `labels.Label` without calcification, same shape.
        probability: calibrated, of calcification, 0..255, same shape.
        body: the patient, same shape.

    Returns:
        Voxel indices, shape (N, 3), and `FEATURES` of each.
    """
    margin = np.ceil(BACKGROUND_MM[1] / ct.spacing_mm).astype(int) + 1
    found = []
    for voxels in component_voxels(calcification):
        low, high = box_around(voxels, margin, ct.shape)
        box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
        own = np.zeros(tuple(high - low), bool)
        own[tuple((voxels - low).T)] = True
        distance = ndimage.distance_transform_edt(~own, sampling=tuple(ct.spacing_mm))
        labels = tissue[box]
        elsewhere = body[box] & ~calcification[box] & (labels != Label.BONE)
        near, far = BACKGROUND_MM
        around = (distance >= near) & (distance <= far) & elsewhere
        hu = ct.array[box].astype(np.float32)
        smooth, smoother = (
            ndimage.gaussian_filter(hu, tuple(width / ct.spacing_mm), mode="nearest")
            for width in SMOOTHING_MM
        )
        background, noise = _SOFT_TISSUE_HU, _NOISE_HU
        if np.count_nonzero(around) > _MINIMUM_SAMPLE:
            background = float(np.median(hu[around]))
            # Only what smoothing takes away: the border of fat and muscle is no noise.
            noise = float(np.median(np.abs((smooth - smoother)[around]))) / _MAD_OF_NORMAL
        logits = logit_of_map(probability[tuple(voxels.T)])
        shell = labels[(distance > 0) & (distance <= SHELL_MM)]
        features = {
            "mean_logit": float(logits.mean()),
            "peak_logit": float(logits.max()),
            "log_volume": float(np.log(len(voxels) * ct.voxel_volume_mm3)),
            "log_contrast": float(np.log(max(smooth[own].max() - background, 1.0))),
            "log_noise": float(np.log(max(noise, 1.0))),
        }
        for name, label in _SHARES.items():
            features[name] = float((shell == label).mean()) if len(shell) else 0.0
        found.append((voxels, features))
    return found


def probable_lesions(
    ct: Volume,
    calcification: NDArray[np.bool_],
    tissue: NDArray[np.uint8],
    probability: NDArray[np.uint8],
    body: NDArray[np.bool_],
    calibration: LesionCalibration,
    least: float,
) -> NDArray[np.uint8]:
    """The components of a mask that are probable enough.

    Args:
        ct, calcification, tissue, probability, body: see `candidates_with_features`.
        calibration: gives each component's probability.
        least: a component less probable than this is dropped.

    Returns:
        uint8, same shape: probability of the voxel's component times 255, at least 1; 0 elsewhere.

    Raises:
        ModelError: the calibration wants a feature that this program does not know.
    """
    unknown = set(calibration.weights) - set(FEATURES)
    if unknown:
        raise ModelError(
            f"the model's calibration wants {', '.join(sorted(unknown))}, which this program does"
            " not know; install a matching version of calciscope"
        )
    result = np.zeros_like(tissue)
    for voxels, features in candidates_with_features(ct, calcification, tissue, probability, body):
        probable = calibration.probability(features)
        if probable >= least:
            result[tuple(voxels.T)] = max(1, round(FULL * probable))
    return result
