"""Hostile input for every reader of the project.

A target hands bytes to one reader, which must come back with a value or with its documented
exception in one clear sentence. `python -m tests.fuzz --seconds 60` tries all targets for a bounded
time, guided by coverage where atheris is installed; `test_replay.py` tries the seeds, the inputs
that were found harmful and a few hundred mutations in every test run.

`target.py` has the contract, `records.py`, `pickles.py`, `arrays.py`, `tables.py`, `texts.py`,
`archives.py`, `parts.py` and `configs.py` the targets, `mutation.py` what is done to valid files,
`one_target.py` the loop over inputs and `campaign.py` all targets in processes of their own. To add
a reader: a target in one of these files.
"""
