"""Executors: ways to spread independent chunks of work over processes.

`base.py` is the contract: `map(function, tasks)` gives results in any order as they are ready.
`serial.py` stays in this process, `processes.py` uses joblib's loky, `dask_cluster.py` the workers
of a Dask cluster (with `dask_worker.py`, what runs there). Results never depend on the executor:
whoever calls `map` puts them in order.

Imports nothing of the project. To add one: a final class here and `conf/executor/<name>.yaml`.
"""

from epsilon_research.executors.base import Executor as Executor
from epsilon_research.executors.base import Lost as Lost
from epsilon_research.executors.serial import SerialExecutor as SerialExecutor
