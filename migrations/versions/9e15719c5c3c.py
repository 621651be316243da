"""users, sessions, email tokens, checks, usage, result cache"""
from revision_files import revision_of

revision, down_revision, upgrade, downgrade = revision_of("9e15719c5c3c")
