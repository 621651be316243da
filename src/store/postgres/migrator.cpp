#include "store/postgres/migrator.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace heretix {
namespace {

constexpr std::int64_t kLockKey = 7521983762164970081;  // migrations/env.py takes the same
constexpr std::chrono::milliseconds kPollEvery{100};
constexpr const char* kCreateVersionTable =
    "CREATE TABLE IF NOT EXISTS public.alembic_version (version_num varchar(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))";
// The same number locks another thing in each database of a server.
constexpr const char* kLockHolder =
    "SELECT a.pid, a.application_name, a.client_addr::text AS client FROM pg_locks l JOIN pg_stat_activity a ON a.pid "
    "= l.pid JOIN pg_database d ON d.oid = l.database WHERE l.locktype = 'advisory' AND l.granted AND l.classid = "
    ":high "
    "AND l.objid = :low AND d.datname = current_database()";

std::string set_word(const std::string& from, const std::string& to) {
  if (to == "base") return fmt::format("DELETE FROM public.alembic_version WHERE version_num = '{}'", from);
  if (from == "base") return fmt::format("INSERT INTO public.alembic_version (version_num) VALUES ('{}')", to);
  return fmt::format("UPDATE public.alembic_version SET version_num = '{}' WHERE version_num = '{}'", to, from);
}

std::string word_at(std::size_t place) { return place == 0 ? "base" : history()[place - 1].id; }

std::string first_lines(const std::vector<Difference>& differences) {
  constexpr std::size_t kMost = 60;
  std::string text;
  for (std::size_t i = 0; i < std::min(kMost, differences.size()); ++i) text += "\n  " + to_line(differences[i]);
  if (differences.size() > kMost) text += fmt::format("\n  and {} more", differences.size() - kMost);
  return text;
}

}  // namespace

PostgresOptions migration_connection() {
  return {.statement_deadline = std::chrono::minutes(10), .reconnects = false, .application_name = "heretix db"};
}

std::size_t place_of(const std::string& word) {
  const std::vector<Revision>& all = history();
  if (word == "base") return 0;
  if (word == "head") return all.size();
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!word.empty() && all[i].id.starts_with(word)) found.push_back(i + 1);
  }
  if (found.size() == 1) return found[0];
  throw Error(ErrorKind::bad_input,
              fmt::format("{} revision has an id that begins with '{}'", found.empty() ? "no" : "more than one", word),
              "give head, base, or a revision that heretix db history lists");
}

std::string migration_script(std::size_t from, std::size_t to) {
  std::string script = fmt::format("-- heretix db: from {} to {}\n", word_at(from), word_at(to));
  for (std::size_t at = from; at != to;) {
    const std::size_t next = at < to ? at + 1 : at - 1;
    const Revision& revision = history()[std::max(at, next) - 1];
    script += "\nBEGIN;\nSET LOCAL search_path = public;\n";
    if (at == 0) script += fmt::format("{};\n", kCreateVersionTable);
    script +=
        fmt::format("{}{};\nCOMMIT;\n", at < next ? revision.up : revision.down, set_word(word_at(at), word_at(next)));
    at = next;
  }
  return script;
}

std::vector<std::string> Migrator::words() {
  std::vector<std::string> found;
  if (!database_.has_table("alembic_version")) return found;
  for (const Row& row : database_.query("SELECT version_num FROM public.alembic_version ORDER BY version_num"))
    found.push_back(row.text_or_empty("version_num"));
  return found;
}

const Revision* Migrator::current() {
  const std::vector<std::string> found = words();
  if (found.empty()) return nullptr;
  if (found.size() > 1) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: alembic_version holds {} revisions: {}", database_.address().shown(), found.size(),
                            fmt::join(found, ", ")),
                "keep the row that is true and delete the others; nothing was changed");
  }
  const auto known = std::ranges::find(history(), found[0], &Revision::id);
  if (known != history().end()) return &*known;
  throw Error(
      ErrorKind::bad_input,
      fmt::format("{} is at revision {}, which this program does not know (its newest is {}): the database is ahead",
                  database_.address().shown(), found[0], history().back().id),
      "use a newer heretix; the database was left as it is");
}

DatabaseShape Migrator::shape() {
  Transaction transaction(database_);
  return read_shape(database_);
}

std::vector<Difference> Migrator::differences() {
  const Revision* at = current();
  DatabaseShape found = shape();
  // Alembic leaves its empty table behind at base.
  if (at == nullptr)
    std::erase_if(found.ours, [](const auto& item) { return item.first.find("alembic_version") != std::string::npos; });
  static const Catalogue none;
  return compare({.expected = at == nullptr ? none : at->catalogue, .found = found.ours});
}

// A pooler in transaction mode gives a client another server connection for each transaction, so the session's advisory
// lock would be left behind. It reports a process number of its own. Proxies that keep one server connection for each
// client do that too (Neon's direct hosts, session pooling), so it is then tried whether ours changes.
void Migrator::refuse_pooler() {
  const char* hint =
      "give the direct host for migrations: on Neon the one without '-pooler', with PgBouncer the server's own port";

  if (database_.address().names_pooler()) {
    throw Error(ErrorKind::not_allowed,
                fmt::format("{} is a pooled host: it may lose the migration lock between two transactions",
                            database_.address().shown()),
                hint);
  }

  const auto server_pid = [](PostgresDatabase& connection) {
    return connection.query("SELECT pg_backend_pid() AS pid")[0].integer("pid").value_or(0);
  };
  const std::int64_t mine = server_pid(database_);
  if (database_.facts().protocol_pid == mine) return;

  // While another connection keeps a transaction open, a pooler shows itself: it gives both connections one server
  // connection, or moves ours to another.
  for (int tries = 0; tries < 3; ++tries) {
    PostgresDatabase other(database_.address(), migration_connection());
    Transaction held(other);
    const bool shared = server_pid(other) == mine;
    if (!shared && server_pid(database_) == mine) continue;
    throw Error(ErrorKind::not_allowed,
                fmt::format("{} is a transaction pooler: it gave two of our connections the same server connection",
                            database_.address().shown()),
                hint);
  }
}

// PGlite has one session for all its clients, so each of them already holds the lock that another one took.
void Migrator::tell_that_nobody_is_kept_out() {
  options_.tell(
      fmt::format("{} is PGlite, where the migration lock keeps nobody out: be sure that no other client is connected",
                  database_.address().shown()));
}

void Migrator::with_lock(const std::function<void()>& work) {
  if (database_.facts().pglite.empty()) refuse_pooler();
  else tell_that_nobody_is_kept_out();

  // Polled rather than waited for in the server, so that the wait can be announced and its end can name the holder.
  const auto deadline = std::chrono::steady_clock::now() + options_.lock_patience;
  bool told = false;
  while (database_.query("SELECT pg_try_advisory_lock(:key) AS got", {{":key", kLockKey}})[0].integer("got") != 1) {
    if (std::chrono::steady_clock::now() > deadline) {
      const auto holders = database_.query(kLockHolder, {{":high", kLockKey >> 32}, {":low", kLockKey & 0xffffffff}});
      throw Error(
          ErrorKind::conflict,
          fmt::format("another migration of {} is running{}; waited {} s for it", database_.address().shown(),
                      holders.empty() ? ""
                                      : fmt::format(" (server process {}, {})", holders[0].integer("pid").value_or(0),
                                                    holders[0].text_or_empty("application_name")),
                      std::chrono::duration_cast<std::chrono::seconds>(options_.lock_patience).count()),
          "wait for it, then run the same command again");
    }

    if (!std::exchange(told, true)) options_.tell("waiting for another migration to end");
    std::this_thread::sleep_for(kPollEvery);
  }

  work();  // a lock left behind by an error ends with its connection
  database_.query("SELECT pg_advisory_unlock(:key) AS done", {{":key", kLockKey}});
}

// Runs `body` in one transaction, and again from its beginning if a table stayed locked.
void Migrator::step(const std::string& what, const std::function<void()>& body) {
  for (int tries = 1;; ++tries) {
    try {
      Transaction transaction(database_);
      database_.execute(fmt::format("SET LOCAL lock_timeout = {}", options_.table_lock_timeout.count()));
      database_.execute("SET LOCAL search_path = public");

      body();

      transaction.commit();
      return;
    } catch (const TransactionLost& e) {
      // A connection that broke has lost the advisory lock too, so nothing is tried again on it.
      if (tries >= options_.table_lock_tries || e.kind() == ErrorKind::unavailable)
        throw Error(e.kind(), fmt::format("{}: {}", what, e.what()), e.hint());
    } catch (const PostgresError& e) {
      // 55P03 is lock_not_available: our own lock_timeout ended the wait for a table.
      if (e.sqlstate() != "55P03")
        throw PostgresError(Error(e.kind(), fmt::format("{}: {}", what, e.what()), e.hint()), e.sqlstate());

      if (tries >= options_.table_lock_tries) {
        throw Error(
            ErrorKind::unavailable,
            fmt::format("{}: another session kept a table locked through {} tries of {} ms", what, tries,
                        options_.table_lock_timeout.count()),
            "nothing was changed; end that session (pg_stat_activity names it), then run the same command again");
      }

      options_.tell(fmt::format("{}: another session has locked a table; everything is undone and tried again", what));
    }

    std::this_thread::sleep_for(kPollEvery * tries);
  }
}

// Checked inside the step's transaction, because another program may have been at work since the word was read.
void Migrator::require_word(const std::string& word) {
  if (word == "base") database_.execute(kCreateVersionTable);
  database_.execute("LOCK TABLE public.alembic_version IN SHARE ROW EXCLUSIVE MODE");
  const std::vector<std::string> found = words();
  const std::string is = found.empty() ? "base" : found[0];
  if (is == word && found.size() <= 1) return;
  throw Error(ErrorKind::conflict,
              fmt::format("{} moved from {} to {} in the meantime", database_.address().shown(), word, is),
              "another program is migrating it without the lock; find out which, then run the same command again");
}

void Migrator::step_up(const Revision& revision) {
  step("upgrade to " + revision.id, [&] {
    require_word(revision.parent);
    database_.execute_script(revision.up);
    database_.execute_script(set_word(revision.parent, revision.id));
  });
}

void Migrator::require_rows_may_go(const Revision& revision, bool may_destroy) {
  if (may_destroy) return;
  std::string full;
  for (const std::string& table : revision.destroys) {
    database_.execute(fmt::format("LOCK TABLE public.{} IN ACCESS EXCLUSIVE MODE", table));
    const auto rows = database_.query(fmt::format("SELECT count(*) AS n FROM public.{}", table))[0].integer("n");
    if (rows != 0) full += fmt::format("{}{} ({} rows)", full.empty() ? "" : ", ", table, *rows);
  }
  if (full.empty()) return;
  throw Error(ErrorKind::not_allowed, fmt::format("downgrade from {} would destroy {}", revision.id, full),
              "nothing was changed; back it up (docs/operations.md), then add --yes-destroy");
}

void Migrator::step_down(const Revision& revision, bool may_destroy) {
  step("downgrade from " + revision.id, [&] {
    require_word(revision.id);
    require_rows_may_go(revision, may_destroy);
    database_.execute_script(revision.down);
    database_.execute_script(set_word(revision.id, revision.parent));
  });
}

void Migrator::require_present_shape(const Revision* at) {
  const std::vector<Difference> wrong = differences();
  if (wrong.empty()) return;
  const std::string where = database_.address().shown();
  if (at == nullptr) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{} has Heretix tables but no revision:{}", where, first_lines(wrong)),
                "heretix db stamp REVISION adopts them if they have exactly its shape; nothing was changed");
  }
  if (const OlderShape* older = recognise(*at, wrong)) {
    throw Error(
        ErrorKind::bad_input,
        fmt::format("{} is stamped {} but has the older shape '{}':{}", where, at->id, older->name, first_lines(wrong)),
        "heretix db convert makes it the present shape, its rows carried over; nothing was changed");
  }
  throw Error(ErrorKind::bad_input,
              fmt::format("{} is stamped {} but has another shape:{}", where, at->id, first_lines(wrong)),
              "undo what was changed by hand; nothing was changed here");
}

std::vector<std::string> Migrator::upgrade(const std::string& to) {
  std::vector<std::string> done;
  const std::size_t goal = place_of(to);
  with_lock([&] {
    const Revision* at = current();
    std::size_t place = at == nullptr ? 0 : place_of(at->id);
    if (place > goal)
      throw Error(ErrorKind::bad_input,
                  fmt::format("{} is at {}, beyond {}", database_.address().shown(), word_at(place), word_at(goal)),
                  "heretix db downgrade goes back");
    if (place == goal) return;
    require_present_shape(at);
    for (; place < goal; ++place) {
      step_up(history()[place]);
      done.push_back(history()[place].id);
      options_.tell(fmt::format("{} -> {}  {}", word_at(place), word_at(place + 1), history()[place].title));
    }
  });
  return done;
}

std::vector<std::string> Migrator::downgrade(const std::string& to, bool may_destroy) {
  std::vector<std::string> done;
  with_lock([&] {
    const Revision* at = current();
    std::size_t place = at == nullptr ? 0 : place_of(at->id);
    if (to == "-1" && place == 0) return;
    const std::size_t goal = to == "-1" ? place - 1 : place_of(to);
    if (place < goal)
      throw Error(ErrorKind::bad_input,
                  fmt::format("{} is at {}, before {}", database_.address().shown(), word_at(place), word_at(goal)),
                  "heretix db upgrade goes on");
    for (; place > goal; --place) {
      step_down(history()[place - 1], may_destroy);
      done.push_back(word_at(place - 1));
      options_.tell(fmt::format("{} -> {}", word_at(place), word_at(place - 1)));
    }
  });
  return done;
}

void Migrator::stamp(const std::string& revision) {
  const std::size_t goal = place_of(revision);
  with_lock([&] {
    const Revision* at = current();
    const std::string from = at == nullptr ? "base" : at->id;
    if (from == word_at(goal)) return;

    step("stamp " + word_at(goal), [&] {
      require_word(from);

      Catalogue wanted = goal == 0 ? Catalogue{} : history()[goal - 1].catalogue;
      DatabaseShape found = read_shape(database_);
      // The version table is left out of the comparison: at base it may be there or not.
      const auto of_version = [](const auto& item) { return item.first.find("alembic_version") != std::string::npos; };
      std::erase_if(wanted, of_version);
      std::erase_if(found.ours, of_version);

      const std::vector<Difference> wrong = compare({.expected = wanted, .found = found.ours});
      if (!wrong.empty())
        throw Error(ErrorKind::bad_input,
                    fmt::format("{} does not have the shape of {}:{}", database_.address().shown(), word_at(goal),
                                first_lines(wrong)),
                    "a stamp only records what is there; heretix db upgrade makes it");

      database_.execute_script(set_word(from, word_at(goal)));
    });
  });
}

std::string Migrator::convert() {
  std::string name;
  with_lock([&] {
    const Revision* at = current();
    const std::vector<Difference> wrong = differences();
    if (wrong.empty()) return;

    const OlderShape* older = at == nullptr ? nullptr : recognise(*at, wrong);
    if (older == nullptr)
      throw Error(ErrorKind::bad_input,
                  fmt::format("{} has an unknown shape:{}", database_.address().shown(), first_lines(wrong)),
                  "nothing was changed; only the shapes in docs/operations.md can be converted");

    step("convert " + older->name, [&] {
      require_word(at->id);
      database_.execute_script(older->sql);

      // Compared before the commit, so that a conversion that went wrong is undone.
      const std::vector<Difference> left = compare({.expected = at->catalogue, .found = read_shape(database_).ours});
      if (!left.empty())
        throw Error(ErrorKind::broken,
                    fmt::format("the conversion of {} left differences:{}", older->name, first_lines(left)),
                    "nothing was changed; report this");
    });

    name = older->name;
  });

  return name;
}

}  // namespace heretix
