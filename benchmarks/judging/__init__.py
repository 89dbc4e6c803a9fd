"""What models report, and what each part of a network or recipe is worth.

commands  the parts of the command
variants  trainings that differ in one thing each
decoding  what they are worth, with the decoder's settings chosen for each
encoders  what pretrained encoders know of sounds
promises  whether false alarms stay within what was promised
nights    whether they do in the next night of a place
"""
