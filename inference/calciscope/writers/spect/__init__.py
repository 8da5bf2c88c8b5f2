"""The SPECT part of the reports: fused pictures, planar-like views, tables, hints."""
