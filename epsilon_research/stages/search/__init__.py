"""The search stage: what a search would have found, alone and started by scores."""
