"""The layouts of data folders: what tables and names say of audio files, before any audio is opened.

birdcalls     labels of Kaggle's bird recordings
event_tables  tables of events as programs write them
findings      what the tables beside recordings say of them
folders       labels of a folder, whatever its layout
lookup        the files that tables name
plain_events  events in files without a header: label tracks, JSON Lines
"""

from sed.data.layouts.birdcalls import ROW_SECONDS
from sed.data.layouts.folders import read_labels

__all__ = ["ROW_SECONDS", "read_labels"]
