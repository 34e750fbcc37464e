"""What users of Python call after `import epsilon_research as er`: `er.score` and others.

`askers.py` proposes the next network of `er.search`; `chosen.py` takes spaces, datasets and
benchmarks by name or as objects. All names come from `epsilon_research`
itself, which imports each from its module when it is asked for: scores of a space need no PyTorch,
searches of networks do. May import: every room but `launch`; nothing here has heard of Hydra.
"""
