"""Labelled clips from folders in many layouts, decoded once and kept.

birdcalls    those of Kaggle's bird recordings
borders      where in a clip something sounds
corpus       clips and labels from folders
excerpts     where in a recording one label sounds alone
folds        folds for files that have none
inventory    what there is to learn from, as a table
labels       what tables say of files
layouts      labels of a folder, whatever its layout
spans        stretches of a line, found and joined
store        decoded audio, kept on disk
tables       tables with a header
"""

from sed.data.birdcalls import ROW_SECONDS
from sed.data.corpus import UNUSED, Clip, Corpus, load_corpus
from sed.data.folds import folds_of
from sed.data.inventory import inventory_lines
from sed.data.labels import Annotation, Annotations, LabelledFile, read_segments
from sed.data.layouts import read_labels
from sed.data.spans import joined, runs

__all__ = [
    "ROW_SECONDS",
    "UNUSED",
    "Annotation",
    "Annotations",
    "Clip",
    "Corpus",
    "LabelledFile",
    "folds_of",
    "inventory_lines",
    "joined",
    "load_corpus",
    "read_labels",
    "read_segments",
    "runs",
]
