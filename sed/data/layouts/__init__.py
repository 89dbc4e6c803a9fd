"""The layouts of data folders: what tables and names say of audio files, before any audio is opened.

birdcalls    labels of Kaggle's bird recordings
folders      labels of a folder, whatever its layout
"""

from sed.data.layouts.birdcalls import ROW_SECONDS
from sed.data.layouts.folders import read_labels

__all__ = ["ROW_SECONDS", "read_labels"]
