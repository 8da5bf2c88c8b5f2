"""Evaluation of the SPECT part: cases with known activity, truth of a hot spot, figures."""
