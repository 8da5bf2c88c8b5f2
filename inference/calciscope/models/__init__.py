"""Trained models: what they are (manifest), where they are (registry), what runs them (engine)."""
