"""Notifications: messages about what is heard, to webhooks and whatever Apprise reaches, by rules.

engine         which notifications a log leads to
history        what came before of each label
notification   a message about one occurrence or many
output         the output that sends them
rules          the rules, as they stand in the settings file
sender         delivers the messages of one target, as long as it takes
targets        where notifications go
times          hours of the day and schedules, as they are written
webhook        one attempt to send a message to a webhook
"""

from edge.outputs.notify.engine import Engine
from edge.outputs.notify.notification import Notification, key_of
from edge.outputs.notify.output import open_notifications
from edge.outputs.notify.rules import Rule, rules_of
from edge.outputs.notify.targets import shown, targets_of

__all__ = [
    "Engine",
    "Notification",
    "NotifyOutput",
    "Rule",
    "key_of",
    "open_notifications",
    "rules_of",
    "shown",
    "targets_of",
]
