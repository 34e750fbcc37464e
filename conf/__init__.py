"""The configuration, `epsilon_research.conf` where installed: a folder per group, a file per option.

`config.yaml` is what `python run.py` does by default. Hydra finds the folder in a package because
of this file: `pkg://epsilon_research.conf`.
"""
