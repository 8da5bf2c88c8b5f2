"""Activity maps: where in a painted patient a bone-seeking tracer is, in true SUV."""
