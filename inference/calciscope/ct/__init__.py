"""From a CT to lesions: the body, its tissues, the calcifications and their measurements."""
