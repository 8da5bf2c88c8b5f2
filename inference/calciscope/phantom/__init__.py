"""Numerical phantoms: limbs, mineral and CT acquisition, in numpy and scipy only."""
