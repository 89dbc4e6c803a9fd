"""Notifications: messages about what is heard, to webhooks and whatever Apprise reaches, by rules.

engine         which notifications a log leads to
history        what came before of each label
notification   a message about one occurrence or many
rules          the rules, as they stand in the settings file
times          lengths of time, hours of the day and schedules, as they are written
"""

from edge.outputs.notify.engine import Engine
from edge.outputs.notify.notification import Notification
from edge.outputs.notify.rules import Rule, rules_of

__all__ = ["Engine", "Notification", "Rule", "rules_of"]
