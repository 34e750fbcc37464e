"""Compose a configuration, build what it names, run it: `python run.py --help`."""

import sys

from epsilon_research.launch import launch

if __name__ == "__main__":
    sys.exit(launch())
