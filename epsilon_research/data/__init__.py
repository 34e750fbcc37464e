"""Data: minibatches, from real images and synthetic ones.

`base.py` is the contract: a dataset draws a `Minibatch` (`minibatch.py`) from a generator that is
passed in, and checks early what a user may have got wrong. `labels.py` has the classes of a
minibatch's images, `normalisation.py` the one formula for 8-bit images. `photos.py` needs no
download, `cifar.py` downloads once, `imagenet16.py` and `npy.py` read local files, `synthetic.py`
reads nothing; `pickled_batch.py` is the format that CIFAR and ImageNet16 share. Texts: `tokens.py`
is their contract, `embedding.py` what a network sees in place of a token; `random_tokens.py`,
`text_corpus.py` (PTB, WikiText-2) and `user_tokens.py` give tokens, `vocabulary.py` numbers words.

A dataset knows nothing of search spaces, metrics or accuracies. To add one: `data/<name>.py` (or
nothing, if `npy` reads it) and `conf/dataset/<name>.yaml`; the contract tests then run on it.
"""

from epsilon_research.data.base import Dataset as Dataset
from epsilon_research.data.base import Minibatch as Minibatch
from epsilon_research.data.cifar import Cifar as Cifar
from epsilon_research.data.embedding import Embedding as Embedding
from epsilon_research.data.imagenet16 import ImageNet16 as ImageNet16
from epsilon_research.data.labels import labels_of as labels_of
from epsilon_research.data.npy import Npy as Npy
from epsilon_research.data.photos import Photos as Photos
from epsilon_research.data.random_tokens import RandomTokens as RandomTokens
from epsilon_research.data.synthetic import GreyScale as GreyScale
from epsilon_research.data.synthetic import RandomNormal as RandomNormal
from epsilon_research.data.synthetic import RandomUniform as RandomUniform
from epsilon_research.data.text_corpus import TextCorpus as TextCorpus
from epsilon_research.data.user_tokens import UserTokens as UserTokens
