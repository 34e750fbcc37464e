"""A run from its configured parts to its folder."""

from epsilon_research.pipeline.pipeline import Pipeline as Pipeline
