"""Experiments: the verbs. Each file is one stage or one way to put stages together.

`pipeline.py` is what `python run.py` runs: choose architectures, draw the minibatch, score,
correlate, plot, record. It is the one place where spaces, data, metrics and accuracy tables meet.
Everything an experiment needs comes in as objects; it has not heard of configuration files.

`LOG.md` has a dated entry for each question that was asked with it.
"""
