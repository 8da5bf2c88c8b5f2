"""Writers: results to files, for people (pictures, tables) and for machines (NIfTI, DICOM)."""
