"""Settings of hot-spot detection, abstention and concordance; each is repeated in the findings."""

from dataclasses import dataclass

from calciscope.errors import InputError


@dataclass(frozen=True)
class SpectSettings:
    """What the SPECT figures depend on besides the images.

    Attributes:
        relative_threshold: a hot spot ends where uptake falls below this share of its highest.
        minimum_suv: nor is anything below this SUV part of one; not asked for without SUV.
        background_factor: nor below this many times the median of the soft tissue around it.
        minimum_volume_ml: smaller ones are noise.
        split_distance_mm: maxima nearer to one another are one hot spot.
        split_saddle_share: so are maxima where uptake between them stays above this share of the
            lower one.
        smoothing_fwhm_mm: blur before maxima and borders are looked for; thresholds and figures
            use the uptake as measured.
        region_mm: edge of the cube whose soft tissue is the surroundings.
        minimum_probability: a hot spot whose likeliest compartment is less likely stays
            indeterminate.
        mixed_margin: so does one whose second compartment is this nearly as likely.
        reference_margin_mm: distance from hot spots that reference uptake keeps.
        matching_distance_mm: lesions and hot spots no farther apart belong together.
        cluster_link_mm: so do lesions no farther apart.
        assessable_volume_ml, assessable_diameter_mm: lesions without uptake that are smaller in
            both tell nothing: SPECT would not show them either way.
        faint_factor: nor do lesions whose mean uptake is above this many times that of the soft
            tissue around: it is neither a hot spot nor absent.
        misregistration_mm: the reader is warned above this shift.

    Raises:
        InputError: a setting is out of its range.
    """

    relative_threshold: float = 0.41
    minimum_suv: float = 1.5
    background_factor: float = 3.0
    minimum_volume_ml: float = 1.0
    split_distance_mm: float = 15.0
    split_saddle_share: float = 0.75
    smoothing_fwhm_mm: float = 6.0
    region_mm: float = 60.0
    minimum_probability: float = 0.5
    mixed_margin: float = 0.2
    reference_margin_mm: float = 10.0
    matching_distance_mm: float = 10.0
    cluster_link_mm: float = 10.0
    assessable_volume_ml: float = 0.5
    assessable_diameter_mm: float = 8.0
    faint_factor: float = 2.0
    misregistration_mm: float = 5.0

    def __post_init__(self) -> None:
        if not 0 < self.relative_threshold < 1 or not 0 < self.split_saddle_share <= 1:
            raise InputError("thresholds relative to a maximum must lie between 0 and 1")
        if not 0 <= self.minimum_probability <= 1 or not 0 <= self.mixed_margin <= 1:
            raise InputError("minimum_probability and mixed_margin must lie between 0 and 1")
        if self.background_factor <= 1:
            raise InputError("background_factor must be more than 1")
        if self.region_mm <= 0:
            raise InputError("region_mm must be more than 0 mm")
        distances = (
            self.minimum_suv,
            self.minimum_volume_ml,
            self.split_distance_mm,
            self.smoothing_fwhm_mm,
            self.reference_margin_mm,
            self.matching_distance_mm,
            self.cluster_link_mm,
        )
        if min(distances) < 0:
            raise InputError("uptake, volumes and distances of the settings must not be negative")
