"""What a person runs from a checkout: the page of the paper, the benchmark, measured spreads.

`LOG.md` has a dated entry for each question that was asked with them.
"""
