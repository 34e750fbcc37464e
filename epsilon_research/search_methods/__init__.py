"""Search: which architecture to train next, seen through fitness values only.

The contract (`base.py`): a `SearchMethod` holds settings and starts a `SearchAlgorithm`, which is
asked for an architecture and told its fitness, higher is better. Neither sees a metric, a
minibatch or an accuracy table: draws and mutations come from a `Domain`, and what a warm-up or a
move needs of the scores comes in as numbers. `loop.py` evaluates what is asked for within a budget;
a `Protocol` says what counts as trained and what a curve shows. All randomness is a generator that
is passed in.

Around them: `warm_up.py` (the best of a pool first), `one_architecture.py` (a choice without any
training), `targets.py` (trained models to reach an accuracy), `paired.py` (tests between variants).

May import: numpy, pandas, scipy, and `spaces`. To add an algorithm: a file here with both classes,
a stage of it in `epsilon_research/stages/search/`, and `conf/search/<name>.yaml`.
"""

from epsilon_research.search_methods.ageing_evolution import AgeingEvolution as AgeingEvolution
from epsilon_research.search_methods.base import SearchAlgorithm as SearchAlgorithm
from epsilon_research.search_methods.base import SearchMethod as SearchMethod
from epsilon_research.search_methods.base import Start as Start
from epsilon_research.search_methods.domain import Domain as Domain
from epsilon_research.search_methods.local_search import LocalSearch as LocalSearch
from epsilon_research.search_methods.loop import run_search as run_search
from epsilon_research.search_methods.moves import MOVES as MOVES
from epsilon_research.search_methods.one_architecture import select_one as select_one
from epsilon_research.search_methods.optuna_search import OptunaSearch as OptunaSearch
from epsilon_research.search_methods.paired import compare_pairs as compare_pairs
from epsilon_research.search_methods.paired import mean_interval as mean_interval
from epsilon_research.search_methods.protocols import PROTOCOLS as PROTOCOLS
from epsilon_research.search_methods.protocols import Protocol as Protocol
from epsilon_research.search_methods.protocols import Published as Published
from epsilon_research.search_methods.protocols import Sound as Sound
from epsilon_research.search_methods.random_search import RandomSearch as RandomSearch
from epsilon_research.search_methods.score_cache import ScoreCache as ScoreCache
from epsilon_research.search_methods.surrogate import Surrogate as Surrogate
from epsilon_research.search_methods.targets import describe_target as describe_target
from epsilon_research.search_methods.trials import Trajectory as Trajectory
from epsilon_research.search_methods.trials import Trial as Trial
from epsilon_research.search_methods.warm_up import best_first as best_first
from epsilon_research.search_methods.warm_up import draw_pool as draw_pool
