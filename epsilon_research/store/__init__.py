"""The score store: values that are never computed twice, and never lost.

What a metric computes of one architecture in one pass (epsilon: the normalised outputs under one
constant weight) is an `Evaluation`. Evaluations with equal circumstances (minibatch, weight,
engine, code: their *identity*) share a shelf, a folder; there they lie under the architecture's
key in parts, files that are written once, whole, and named by their own checksum.

    base.py         the contract: Store.shelf(identity) → Shelf
    form.py         what evaluations of a shelf have in common
    part.py         evaluations ↔ the bytes of one file
    folder.py       shelves in a folder: many readers and writers at a time, no locks
    merging.py      many small parts made into one
    files.py        who may write what, and few files open
    none.py         no memory at all
    inventory.py    what lies in a folder, what is damaged, what older code wrote
    __main__.py     python -m epsilon_research.store list | verify | drop

Imports nothing of the project but how to write a file, distinguish versions of code and check a
setting.
"""

from epsilon_research.store.base import Evaluation as Evaluation
from epsilon_research.store.base import Shelf as Shelf
from epsilon_research.store.base import Store as Store
from epsilon_research.store.choice import open_store as open_store
from epsilon_research.store.folder import FolderStore as FolderStore
from epsilon_research.store.form import ANY_FORM as ANY_FORM
from epsilon_research.store.form import Form as Form
from epsilon_research.store.none import NoStore as NoStore
