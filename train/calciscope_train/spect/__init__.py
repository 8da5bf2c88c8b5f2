"""Training of the network that says which compartment a hot spot of bone SPECT lies in."""
