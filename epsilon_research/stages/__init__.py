"""What a run does with its scores: one thing after the other, each a stage.

`base.py` has the contract, `search/` searches with and without scores; each other module is a
stage. May import: everything below, but no pipeline and no launch.
"""
