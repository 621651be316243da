"""safety: names of 200 characters, what a server refuses, and harness schema 4"""
from revision_files import revision_of

revision, down_revision, upgrade, downgrade = revision_of("d3a95b70c814")
