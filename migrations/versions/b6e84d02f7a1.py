"""decisions: keys of programs, what they had decided, and its measurements"""
from revision_files import revision_of

revision, down_revision, upgrade, downgrade = revision_of("b6e84d02f7a1")
