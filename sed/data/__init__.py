"""Labelled clips from folders in many layouts, decoded once and kept.

borders      where in a clip something sounds
corpus       clips and labels from folders
excerpts     parts of a recording in which one label sounds alone
folds        fold numbers for files whose layout has none
inventory    a table of the clips of each class, and of the problems with them
labels       what a folder says of one file, and tables of events
layouts      labels of a folder, whatever its layout: a folder of its own
spans        (onset, offset) pairs: found in a mask, merged
store        decoded audio, kept on disk
tables       tables with a header
"""

from sed.data.corpus import UNUSED_REASON, Clip, Corpus, load_corpus
from sed.data.folds import folds_of
from sed.data.inventory import inventory_table
from sed.data.labels import Annotation, Annotations, LabelledFile, read_strong_table
from sed.data.layouts import ROW_SECONDS, read_labels
from sed.data.spans import merge_spans, runs

__all__ = [
    "ROW_SECONDS",
    "UNUSED_REASON",
    "Annotation",
    "Annotations",
    "Clip",
    "Corpus",
    "LabelledFile",
    "folds_of",
    "inventory_table",
    "load_corpus",
    "merge_spans",
    "read_labels",
    "read_strong_table",
    "runs",
]
