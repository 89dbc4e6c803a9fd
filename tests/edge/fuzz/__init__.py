"""Inputs that no user means to give, each made from a number, and what gives them to the commands.

trial      one call of a command
damage     bytes and JSON after accidents
samples    small real files to damage
garbage    a server that speaks garbage
words      settings and addresses
files      sounds, kept scores and model files
kinds      all of them by name, and how many
worker     gives them to the commands
"""
