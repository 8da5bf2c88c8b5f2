"""Where 99mTc-MDP goes in a painted phantom: normal uptake and foci in every compartment."""
