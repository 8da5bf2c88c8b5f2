"""How good a model is: pure metrics, lesion detection, intervals and baselines."""
