"""`make paper`: the studies that the data at hand allows, one after the other, and a page of them.

    __main__.py     the command line
    kinds.yaml      kinds of data files: how each is found, read and obtained; to add one, an entry
    plan.py         the files at hand, and what each study runs with, or lacks
    run.py          one study as a process of its own
    page.py         the sections of the page, which `epsilon_research.reporting` renders

It reads records (`study.json`) and starts `run.py`; it knows no search space and no metric.
"""
