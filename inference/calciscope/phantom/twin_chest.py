"""Chest and upper belly of the twin with high calcium: lungs and stomach take up tracer (T4).

Metastatic calcification as bone scans show it: diffuse in both lungs, most at their tops, and in
the stomach, before CT shows mineral there; without thyroid and salivary glands, which would be the
free pertechnetate of a faulty preparation. There is no mineral in soft tissue in this part.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from calciscope.labels import Compartment
from calciscope.phantom.acquisition import Acquired, Protocol, acquire
from calciscope.phantom.activity.foci import Focus, paint_focus, rounded
from calciscope.phantom.activity.layers import Layers, Mask, Values
from calciscope.phantom.activity.maps import ActivityMap, physiologic_foci
from calciscope.phantom.activity.normal import normal_uptake
from calciscope.phantom.activity.settings import INDEX, activity_settings
from calciscope.phantom.anatomy.trunk import trunk
from calciscope.phantom.bodies import Body, block
from calciscope.phantom.body_drawing import Build
from calciscope.phantom.furniture import Surroundings
from calciscope.phantom.spect_cases import painted
from calciscope.phantom.twin import SEED, SOFT
from calciscope.physics import tissue_hu

CHEST_SEED = SEED + 4

CHEST_MM = (-125.0, 275.0)
"""From below the stomach to the thyroid, over the domes of the diaphragm: one camera field."""

CHEST_CT = replace(SOFT, slice_mm=5.0, increment_mm=5.0)
PIXEL_MM = 1.5

LUNG_SUV, STOMACH_SUV = 5.0, 6.0
"""True SUVbw (design), of the lung at its top; that of active mineral in the legs is 7 to 9."""

LUNG_MM, LEAST_SHARE = (-20.0, 100.0), 0.3
"""Between these heights the uptake of the lungs rises from this share to all of it (design): the
tops calcify first, as they are ventilated more than perfused."""

HOT_ORGANS: Mapping[str, tuple[Compartment, float]] = MappingProxyType(
    {
        "lung": (Compartment.THORACIC, LUNG_SUV),
        "stomach": (Compartment.PERTECHNETATE_GI, STOMACH_SUV),
    }
)


def make_chest(protocol: Protocol = CHEST_CT) -> tuple[Acquired, ActivityMap]:
    """Paint and scan the chest of the twin.

    Args:
        protocol: of the CT.

    Returns:
        The CT with its truth, and the true uptake in its world.
    """
    rng = np.random.default_rng(CHEST_SEED)
    body = chest_body(protocol.kvp, rng)
    canvas = painted(body, protocol, PIXEL_MM, Surroundings(), rng)
    layers = normal_uptake(body, canvas, activity_settings(), rng)
    foci = (*physiologic_foci(layers), *paint_hot_organs(layers))
    activity = ActivityMap(
        layers.grid.with_array(layers.suv),
        layers.grid.with_array(layers.compartments),
        tuple(replace(focus, id=number) for number, focus in enumerate(foci, start=1)),
    )
    return acquire(canvas, [], protocol, rng), activity


def chest_body(kvp: float, rng: np.random.Generator) -> Body:
    """The trunk of a man of average build, supine with raised arms."""
    build = Build(
        spongiosa_hu=tissue_hu("spongiosa", kvp),
        marrow_hu=tissue_hu("yellow_marrow", kvp),
        cortical_hu=tissue_hu("cortical_bone", kvp),
        vessel_hu=tissue_hu("blood", kvp),
    )
    whole = trunk(rng, female=False, implants=False)
    low, high = block([whole], *CHEST_MM)
    return Body("chest", (whole,), build, "supine", "head_first", low, high, ())


def paint_hot_organs(layers: Layers) -> list[Focus]:
    """Raise the uptake of both lungs and of the stomach.

    Args:
        layers: are changed where they are lung or stomach; vessels and bones keep theirs.

    Returns:
        The right lung, the left lung, and the stomach where the layers have them.
    """
    foci: list[Focus] = []
    everywhere = tuple(slice(0, n) for n in layers.suv.shape)
    for name, (compartment, suv) in HOT_ORGANS.items():
        for kind, mask in _parts(layers, name):
            own = mask & (layers.compartments == INDEX[compartment])
            share = own * (_rising(layers) if name == "lung" else np.float32(1))
            region = (everywhere[0], everywhere[1], everywhere[2]), share
            found = paint_focus(layers, region, suv, compartment)
            if found is not None:
                volume, center, length = found
                foci.append(Focus(
                    len(foci) + 1, compartment, kind, suv, round(volume, 2), rounded(center),
                    None, (), False, round(length, 1),
                ))  # fmt: skip
    return foci


def _rising(layers: Layers) -> Values:
    """Share of the uptake at each height, shape (1, 1, K)."""
    z = layers.axes[2]
    return np.interp(z, LUNG_MM, (LEAST_SHARE, 1.0)).astype(np.float32)


def _parts(layers: Layers, name: str) -> list[tuple[str, Mask]]:
    """An organ, or both of a pair, by what they are called; none where it is not in view."""
    if name not in layers.organs:
        return []
    mask = layers.organs[name]
    if name != "lung":
        return [(name, mask)]
    left = np.asarray(layers.axes[0] > 0)
    return [("right_lung", mask & ~left), ("left_lung", mask & left)]
