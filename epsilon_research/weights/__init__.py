"""Rules that choose epsilon's two constants; `base` has the contract."""
