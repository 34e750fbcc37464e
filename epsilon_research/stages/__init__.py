"""What a run does with its scores: one thing after the other, each a stage.

    base.py            the contract: `Stage`, its `Context` and its `Outcome`
    prepared.py        what a run works on before anything is scored
    random_streams.py  generators by name
    search/            searches with and without scores

The other modules are a stage each. May import: everything below, but no pipeline and no launch.
"""
