"""Training of the hot-spot network: synthetic SPECT cases, classifier, calibration, export."""
