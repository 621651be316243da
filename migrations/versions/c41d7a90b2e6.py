"""samples, attempts, answers and executions"""
from revision_files import revision_of

revision, down_revision, upgrade, downgrade = revision_of("c41d7a90b2e6")
