"""Public sets that a user can bring: `calciscope-train import`, one file for each set."""
