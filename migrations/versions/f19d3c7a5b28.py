"""repeats: claims that are measured again and again"""
from revision_files import revision_of

revision, down_revision, upgrade, downgrade = revision_of("f19d3c7a5b28")
