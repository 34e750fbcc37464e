"""What a run does with its scores, one module for each stage."""
