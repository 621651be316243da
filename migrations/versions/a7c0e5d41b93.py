"""sets: many claims by several models"""
from revision_files import revision_of

revision, down_revision, upgrade, downgrade = revision_of("a7c0e5d41b93")
