"""Normal uptake of a posed body: soft tissue, organs, vessels, bones by region, joints."""

from collections.abc import Mapping

import numpy as np

from calciscope.labels import Compartment, Label
from calciscope.phantom.activity.layers import VOXEL_MM, Layers, Mask, Values
from calciscope.phantom.activity.settings import INDEX, ActivitySettings
from calciscope.phantom.anatomy.parts import Bone, Organ
from calciscope.phantom.anatomy.solids import Ball, Box, Tube, depth_in_box
from calciscope.phantom.bodies import Body
from calciscope.phantom.limb_drawing import Canvas
from calciscope.resampling import resample_array

Rng = np.random.Generator

BY_CONTENT = {
    "urine": "bladder", "contrast urine": "bladder", "bowel": "bowel", "stool": "bowel",
    "oral contrast": "bowel", "lung": "lung",
}  # fmt: skip
"""Organ that a nameless one is by what fills it."""

JOINT_CONTENT = ("cartilage", "fluid", "tendon")

REGIONS = {
    "vertebra": "axial", "lumbar body": "axial", "spinous process": "axial", "sacrum": "axial",
    "transverse process": "axial", "coccyx": "axial",
    "ilium": "pelvic", "iliac crest": "pelvic", "anterior border": "pelvic", "pubis": "pelvic",
    "sacroiliac part": "pelvic", "ramus": "pelvic", "ischium": "pelvic", "acetabulum": "pelvic",
    "rib": "rib", "sternum": "flat", "scapula": "flat", "acromion": "flat", "clavicle": "flat",
    "lateral border": "flat", "coracoid": "flat", "glenoid": "flat",
}  # fmt: skip
"""Region of the skeleton by name of a bone; long bones differ along their length, the others are
as the ends of long bones."""

JOINT_REACH_MM = 5.0
"""Distance to two bones within which a place belongs to their joint."""

SUBCHONDRAL_MM = 3.0


def normal_uptake(body: Body, canvas: Canvas, settings: ActivitySettings, rng: Rng) -> Layers:
    """Paint what a healthy person of this body takes up.

    Args:
        body: posed anatomies; its build says whether growth plates are open.
        canvas: the same body painted for the CT.
        settings: of activity.yaml.
        rng: of the person.
    """
    layers = Layers.of(canvas)
    person = {name: figure.draw(rng) for name, figure in settings.normal.items()}
    _paint_soft_tissue(layers, person, rng)
    uptake = {name: figure.draw(rng) for name, (_, figure) in settings.organs.items()}
    for limb in body.limbs:
        for flesh in limb.flesh:
            if flesh.name == "breast":
                _paint_breast(layers, body, flesh.solid, uptake["breast"])
        for organ in limb.organs:
            _paint_organ(layers, organ, settings, uptake)
        layers.vessels += limb.vessels
    _paint_vessels(layers, person["blood"])
    _paint_bones(layers, body, person)
    # People differ within themselves: bumps of 25 mm, 15 %.
    cells = [max(int(n * VOXEL_MM / 25), 2) for n in layers.suv.shape]
    bumps = resample_array(rng.normal(0, 0.2, cells).astype(np.float32), layers.suv.shape)
    layers.suv *= np.clip(1 + bumps, 0.6, 1.5)
    layers.suv[~layers.body] = 0
    return layers


def _paint_soft_tissue(layers: Layers, person: Mapping[str, float], rng: Rng) -> None:
    fat = layers.tissues == Label.SUBCUTANEOUS
    inner = layers.body & ~fat
    layers.compartments[fat] = INDEX[Compartment.SUBCUTANEOUS]
    layers.compartments[inner] = INDEX[Compartment.MUSCLE]
    layers.suv[fat] = person["subcutaneous"]
    layers.suv[fat & (layers.skin_depth_mm < 4)] = person["skin"]
    of_muscle = person["muscle"] * np.exp(rng.normal(0, 0.15, 256)).astype(np.float32)
    layers.suv[inner] = of_muscle[layers.muscles[inner]]


def _inside(layers: Layers, solid: Tube | Ball, shift_mm: float = 0.0) -> tuple[Box, Mask] | None:
    found = depth_in_box(solid, layers.axes, abs(shift_mm) + 2)
    if found is None:
        return None
    box, depth = found
    return box, np.asarray((depth + shift_mm > 0) & layers.body[box])


def _paint_breast(layers: Layers, body: Body, solid: object, suv: float) -> None:
    """All fat of the breast in front of the trunk's own."""
    if not isinstance(solid, Ball):
        return
    found = _inside(layers, solid)
    trunk = [f.solid for limb in body.limbs for f in limb.flesh if f.name == "torso"]
    if found is None or not trunk:
        return
    box, mask = found
    axes = (layers.axes[0][box[0]], layers.axes[1][:, box[1]], layers.axes[2][:, :, box[2]])
    mask = mask & (trunk[0].depth_mm(axes) < 2) & (layers.tissues[box] == Label.SUBCUTANEOUS)
    _assign(layers, "breast", box, mask, Compartment.BREAST, 0.6 * suv)


def _assign(
    layers: Layers, name: str, box: Box, mask: Mask, compartment: Compartment, suv: float
) -> None:
    layers.compartments[box][mask] = INDEX[compartment]
    layers.suv[box][mask] = suv
    for other in layers.organs.values():
        # What is painted later lies in front.
        other[box][mask] = False
    whole = layers.organs.setdefault(name, np.zeros(layers.suv.shape, bool))
    whole[box][mask] = True


def _paint_organ(
    layers: Layers, organ: Organ, settings: ActivitySettings, uptake: Mapping[str, float]
) -> None:
    solid = organ.solid
    found = _inside(layers, solid) if isinstance(solid, (Tube, Ball)) else None
    if found is None:
        return
    box, mask = found
    name = organ.name or BY_CONTENT.get(organ.content, "")
    if name in settings.organs:
        _assign(layers, name, box, mask, settings.organs[name][0], uptake[name])
    elif organ.content in JOINT_CONTENT:
        layers.joint[box] |= mask
        layers.tendon[box] |= mask & (organ.content == "tendon")


def _paint_vessels(layers: Layers, suv: float) -> None:
    for vessel in layers.vessels:
        radius = max(vessel.radius_mm * (1.0 if vessel.superficial else 1.6), 1.6)
        points = vessel.points
        tube = Tube(points, np.full((len(points), 2), radius), np.array([1.0, 0.3, 0.0]))
        found = _inside(layers, tube)
        if found:
            box, mask = found
            layers.compartments[box][mask] = INDEX[Compartment.VASCULAR]
            layers.suv[box][mask] = suv


def _paint_bones(layers: Layers, body: Body, person: Mapping[str, float]) -> None:
    near = np.zeros(layers.suv.shape, np.uint8)
    bone_depth = np.full(layers.suv.shape, -1e3, np.float32)
    for number, limb in enumerate(body.limbs):
        units: dict[str, list[Bone]] = {}
        for n, bone in enumerate(limb.bones):
            units.setdefault(bone.unit or f"{number} {n}", []).append(bone)
        for unit in units.values():
            here = np.zeros(layers.suv.shape, bool) if len(unit) > 1 else None
            for bone in unit:
                found = depth_in_box(bone.solid, layers.axes, JOINT_REACH_MM + 1)
                if found is None:
                    continue
                box, depth = found
                _paint_bone(layers, bone, box, depth, person, body.build.growth_plates)
                np.maximum(bone_depth[box], depth, out=bone_depth[box])
                if here is None:
                    near[box] += depth > -JOINT_REACH_MM
                else:
                    here[box] |= depth > -JOINT_REACH_MM
            if here is not None:
                near += here
    layers.joint |= (near >= 2) & (bone_depth < SUBCHONDRAL_MM)
    layers.joint &= layers.body & (bone_depth < SUBCHONDRAL_MM)
    layers.compartments[layers.joint] = INDEX[Compartment.JOINT]
    soft = layers.joint & ~layers.bone & ~layers.tendon
    layers.suv[soft] = person["joint"]
    layers.suv[layers.tendon & layers.joint] = person["muscle"]


def _paint_bone(
    layers: Layers, bone: Bone, box: Box, depth: Values, person: Mapping[str, float], child: bool
) -> None:
    mask = (depth > 0) & layers.bone[box]
    if not mask.any():
        return
    suv: float | Values = person[REGIONS.get(bone.name, "bone_end")]
    if bone.ends_spongy and isinstance(bone.solid, Tube):
        end = _from_end(layers, bone.solid, box)
        suv = np.interp(
            end, [8, 22, 40, 75],
            [person["bone_end"], person["metaphysis"], person["metaphysis"], person["shaft"]],
        ).astype(np.float32)  # fmt: skip
        if child:
            length = float(np.linalg.norm(bone.solid.nodes[-1] - bone.solid.nodes[0]))
            plate = np.exp(-(((end - 0.05 * length) / 4.0) ** 2)).astype(np.float32)
            suv = suv + plate * np.float32(person["growth_plate"])
            whole = layers.organs.setdefault("growth plate", np.zeros(layers.suv.shape, bool))
            whole[box] |= mask & (plate > 0.5)
    layers.suv[box] = np.where(mask, suv, layers.suv[box])
    layers.compartments[box][mask] = INDEX[Compartment.BONE]


def _from_end(layers: Layers, solid: Tube, box: Box) -> Values:
    """Distance (mm) to the nearer end along the straight axis of a bone."""
    first, last = solid.nodes[0], solid.nodes[-1]
    length = float(np.linalg.norm(last - first))
    w = ((last - first) / length).astype(np.float32)
    x, y, z = layers.axes
    along = (
        x[box[0]] * w[0] + y[:, box[1]] * w[1] + (z[:, :, box[2]] * w[2] - np.float32(w @ first))
    )
    return np.asarray(np.minimum(along, np.float32(length) - along))
