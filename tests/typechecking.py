"""The run-time type checker of the tests: beartype, with integers accepted as floats."""

from beartype import BeartypeConf, beartype

# PEP 484's numeric tower: YAML and the command line write 1 where a float is meant.
check = beartype(conf=BeartypeConf(is_pep484_tower=True))
