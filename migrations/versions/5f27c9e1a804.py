"""the service, and harness schema 3"""
from revision_files import revision_of

revision, down_revision, upgrade, downgrade = revision_of("5f27c9e1a804")
