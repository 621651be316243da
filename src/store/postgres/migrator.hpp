// Moves a Postgres database along the history, in one transaction for each revision, under one advisory lock.
//
// Alembic may take any of the same steps (migrations/env.py): both keep the word in alembic_version and take the same
// lock. Whatever ends the process or the server leaves one revision or the next, never something between.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/postgres/catalogue.hpp"

namespace heretix {

struct MigrationOptions {
  std::chrono::milliseconds lock_patience{60'000};  // for another migration that runs
  // How long to wait for a table that is in use. Everybody else queues behind this wait, so all is undone soon and
  // tried again.
  std::chrono::milliseconds table_lock_timeout{2'000};
  int table_lock_tries = 6;
  std::function<void(const std::string&)> tell = [](const std::string&) {};  // progress, a line each
};

// What a connection for migrations needs: it never reconnects by itself, because its lock would be gone unnoticed.
PostgresOptions migration_connection();

class Migrator {
 public:
  // Borrowed. The connection is made with migration_connection().
  Migrator(PostgresDatabase& database, MigrationOptions options) : database_(database), options_(std::move(options)) {}

  // Empty at base. Throws Error{bad_input} for a word that this program does not know (the database is ahead: it is
  // left alone) and for several words.
  const Revision* current();
  DatabaseShape shape();
  // How the database differs from what its revision has.
  std::vector<Difference> differences();

  // Both return the ids of the steps taken, in order; none if there is nothing to do. `to` is a revision's id or its
  // beginning, "head", "base", or for downgrade "-1". Throws Error: bad_input (no such revision, wrong direction,
  // another shape), not_allowed (a pooler stands between; rows would be destroyed), conflict (another migration runs),
  // unavailable (a table stayed locked, the connection broke: nothing between two revisions is left).
  std::vector<std::string> upgrade(const std::string& to);
  std::vector<std::string> downgrade(const std::string& to, bool may_destroy);

  // Writes the revision's word without running its step, if the database has exactly that revision's shape; else throws
  // Error{bad_input} naming how it differs.
  void stamp(const std::string& revision);

  // Turns a known older shape into the present one and returns its name; empty if there is nothing to do. Throws
  // Error{bad_input} for a shape that is not known.
  std::string convert();

 private:
  void with_lock(const std::function<void()>& work);
  void refuse_pooler();
  void tell_that_nobody_is_kept_out();
  void step(const std::string& what, const std::function<void()>& body);
  void step_up(const Revision& revision);
  void step_down(const Revision& revision, bool may_destroy);
  void require_rows_may_go(const Revision& revision, bool may_destroy);
  void require_present_shape(const Revision* at);
  void require_word(const std::string& word);
  std::vector<std::string> words();

  PostgresDatabase& database_;
  MigrationOptions options_;
};

// The place of a revision in the history from 1; 0 for "base". `word` as `to` above. Throws Error{bad_input}.
std::size_t place_of(const std::string& word);

// What upgrade or downgrade would run between two places, as a script for psql. Pure.
std::string migration_script(std::size_t from, std::size_t to);

}  // namespace heretix
