"""Rules that choose the two constants of epsilon before a run; `base` has the contract."""
