"""Bodies of the phantom as data: bones, skin, vessels and organs of each body part in mm."""
