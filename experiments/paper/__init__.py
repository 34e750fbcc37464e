"""`make paper`: the studies that the data at hand allows, one after the other, and a page of them.

    __main__.py     the command line
    kinds.py        kinds of data files: how each is found, used and obtained; to add one, an entry
    files.py        the files at hand
    plan.py         what each study runs with, or lacks
    run.py          one study as a process of its own
    progress.py     how far the studies are
    page.py         the sections of the page, which `epsilon_research.reporting` renders

It reads records (`study.json`) and starts `run.py`; it knows no search space and no metric.
"""
