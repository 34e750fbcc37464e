"""Rules that choose the two constants of epsilon before a run, instead of being given them.

`base.py` has the contract, and how a run takes what a rule chose; `sample.py` the outputs of some
architectures at many weights; the other modules are a rule each. To add one: a final dataclass of
`WeightRule` and `conf/weight_rule/<name>.yaml`.
"""
