"""DICOM objects of a study: SEG, SR, encapsulated PDF, secondary captures."""
