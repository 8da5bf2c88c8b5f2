"""Bone SPECT: hot spots, the compartment each lies in, and what they have to do with mineral."""
