"""Training side of Calciscope: synthesis, prepared cases, Lightning modules and export to ONNX."""
