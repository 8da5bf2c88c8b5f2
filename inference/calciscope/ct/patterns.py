"""The pattern of a lesion, from its measures: punctate, linear, sheet, net, mass or rim.

The words describe form and say nothing of the cause. The first rule that holds gives the pattern:

1. rim: it encloses space, or its core is much fainter than its rim;
2. net: it has several tunnels and fills little of its convex hull;
3. punctate: it is shorter than 6 mm or than three voxels, too small to have another form;
4. sheet: it is thin, up to 6 mm, and much broader than thick;
5. linear: it is thin, much longer than thick and lies along one line;
6. punctate: it is shorter than 10 mm;
7. mass: everything else.
"""

from calciscope.ct.settings import MeasurementSettings
from calciscope.ct.shape import LesionShape, voxel_extent_mm
from calciscope.findings import PatternMeasures
from calciscope.patterns import LesionPattern
from calciscope.volume import Volume


def pattern_of(
    measures: PatternMeasures, shape: LesionShape, grid: Volume, settings: MeasurementSettings
) -> LesionPattern:
    """Name the form of a lesion.

    Args:
        measures: of its form.
        shape: its diameters and direction.
        grid: whose voxels limit what can be told.
        settings: the limits of the rules.
    """
    core = measures.core_to_rim
    if measures.enclosed_share >= settings.rim_enclosed_share or (
        core is not None and core <= settings.rim_core_share
    ):
        return LesionPattern.RIM
    if measures.tunnels >= settings.net_tunnels and measures.hull_fill <= settings.net_hull_fill:
        return LesionPattern.NET
    voxels_long = shape.longest_diameter_mm / voxel_extent_mm(shape.direction, grid)
    if (
        shape.longest_diameter_mm < settings.minimum_oriented_mm
        or voxels_long < settings.pattern_voxels
    ):
        return LesionPattern.PUNCTATE
    thin = measures.thickness_mm <= settings.thin_mm
    if thin and measures.breadth >= settings.sheet_breadth:
        return LesionPattern.SHEET
    if (
        thin
        and measures.slenderness >= settings.linear_slenderness
        and shape.linearity >= settings.linear_linearity
    ):
        return LesionPattern.LINEAR
    if shape.longest_diameter_mm <= settings.punctate_mm:
        return LesionPattern.PUNCTATE
    return LesionPattern.MASS


def pattern_rules(settings: MeasurementSettings) -> str:
    """The rules in words, for `ct.definition`."""
    return (
        "description of form, not a diagnosis; the first that holds: rim, encloses "
        f"{100 * settings.rim_enclosed_share:g} % or more of itself and its core, or the core has "
        f"{100 * settings.rim_core_share:g} % or less of the rim's contrast; net, "
        f"{settings.net_tunnels} tunnels or more of 3 mm and at most "
        f"{100 * settings.net_hull_fill:g} % of its convex hull; punctate, under "
        f"{settings.minimum_oriented_mm:g} mm or {settings.pattern_voxels:g} voxels long; of what "
        f"is up to {settings.thin_mm:g} mm thick, sheet, volume / (length x thickness^2) of "
        f"{settings.sheet_breadth:g} or more, or linear, length / thickness of "
        f"{settings.linear_slenderness:g} or more and linearity of {settings.linear_linearity:g} "
        f"or more; punctate, up to {settings.punctate_mm:g} mm long; mass"
    )
