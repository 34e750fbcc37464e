"""The configuration, a folder per group, a file per option; installed as `epsilon_research.conf`.

`config.yaml` is what `python run.py` does by default. Hydra finds the folder in a package because
of this file: `pkg://epsilon_research.conf`.
"""
