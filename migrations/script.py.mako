"""${message}"""
from revision_files import revision_of

# Write migrations/${up_revision}/up.sql (parent: ${down_revision or "base"}), down.sql and catalogue.txt: CONTRIBUTING.md says how.
revision, down_revision, upgrade, downgrade = revision_of("${up_revision}")
