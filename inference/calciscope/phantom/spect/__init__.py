"""Simulated bone SPECT: a gamma camera that looks at an activity map, and the reconstruction."""

from calciscope.phantom.spect.planar import PlanarViews, planar_views
from calciscope.phantom.spect.protocol import SpectProtocol, random_spect_protocol
from calciscope.phantom.spect.scan import SpectScan, acquire_spect, scan_spect

__all__ = [
    "PlanarViews",
    "SpectProtocol",
    "SpectScan",
    "acquire_spect",
    "planar_views",
    "random_spect_protocol",
    "scan_spect",
]
