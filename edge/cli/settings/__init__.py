"""Settings of a command: flags win over the environment, that over a TOML file, and that over the model's card.

    flag          --hop 0.5                 --threshold dog=0.6
    environment   SED_STREAM_HOP=0.5        SED_STREAM_THRESHOLD=dog=0.6,rooster=0.7
    file          hop = 0.5                 [threshold]
                                            dog = 0.6

Click reads all three (`default_map`, `envvar`) and knows which one a value came from. What it does not do is here:
reading and checking the file, errors for unknown names, and thresholds, where the stronger origin wins for each label.

command         a command whose options may stand in a file and in the environment, too
option_types    options that are more than one value: thresholds, tables of settings, times
origins         where a value came from
reading         the settings of a command from a TOML file, each checked by its option
show_config     all settings and where each came from, as a TOML file
toml_file       a file of settings in TOML
"""

from edge.cli.settings.command import SettingsCommand, arguments_of
from edge.cli.settings.option_types import KeyValueOption, StartOption, TablesOption, Threshold, ThresholdOption
from edge.cli.settings.origins import Origin, origin_of, settable
from edge.cli.settings.reading import read_config
from edge.cli.settings.show_config import show_config
from edge.cli.settings.toml_file import read_toml

__all__ = [
    "KeyValueOption",
    "Origin",
    "SettingsCommand",
    "StartOption",
    "TablesOption",
    "Threshold",
    "ThresholdOption",
    "arguments_of",
    "origin_of",
    "read_config",
    "read_toml",
    "settable",
    "show_config",
]
