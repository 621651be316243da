// heretix db: prints what store/postgres/migrator.hpp does.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/databases.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"
#include "store/postgres/migrator.hpp"
#include "store/postgres/search_path.hpp"

namespace heretix {
namespace {

struct DbOptions : CommonOptions {
  bool all = false;  // local and prod
  std::string to;    // of upgrade and downgrade; the revision of stamp
  std::string from;  // of upgrade --sql
  bool sql = false;
  bool yes_destroy = false;
  int lock_wait = 60;  // seconds
};

using nlohmann::json;

// A database with its connection for migrations, and the title under which it is printed.
struct Target {
  explicit Target(const NamedDatabase& named, const DbOptions& options)
      : name(named.name),
        database(named.address, migration_connection()),
        migrator(database, migration_options(options)) {
    require_public_schema(database);
  }

  static MigrationOptions migration_options(const DbOptions& options) {
    if (options.lock_wait < 0)
      throw Error(ErrorKind::bad_input, fmt::format("--lock-wait is {}; it must be at least 0", options.lock_wait));
    return {.lock_patience = std::chrono::seconds(options.lock_wait), .tell = print_note};
  }
  std::string title() const { return fmt::format("{} {}", name, database.address().shown()); }

  std::string name;
  PostgresDatabase database;
  Migrator migrator;
};

std::string word_of(const Revision* revision) { return revision == nullptr ? "base" : revision->id; }
bool is_head(const Revision* revision) { return revision != nullptr && revision->id == history().back().id; }
std::size_t steps_missing(const Revision* at) { return history().size() - place_of(word_of(at)); }

// "5f27c9e1a804, 1 revision behind head (d3a95b70c814): heretix db upgrade --database prod"
std::string place_and_remedy(const Target& target, const Revision* at) {
  const std::size_t missing = steps_missing(at);
  if (missing == 0) return word_of(at) + " (head)";
  return fmt::format("{}, {} revision{} behind head ({}): {}", word_of(at), missing, missing == 1 ? "" : "s",
                     history().back().id, upgrade_command(target.name));
}

json to_json(const std::vector<Difference>& differences) {
  json all = json::array();
  for (const Difference& d : differences)
    all.push_back({{"object", d.object}, {"expected", d.expected}, {"found", d.found}});
  return all;
}

std::string lines_of(const std::vector<Difference>& differences) {
  std::string text;
  for (const Difference& d : differences) text += "  " + to_line(d) + "\n";
  return text;
}

// Whether local and prod agree, in their revision and in everything in their schema.
struct Agreement {
  bool is_asked = false;
  bool same_revision = true;
  std::vector<Difference> differences{};  // expected: local, found: prod
  bool holds() const { return differences.empty(); }
};

std::string major_of(const std::string& version) { return version.substr(0, version.find_first_of(". ")); }

// Makes views compare by name alone, and returns whether there are any. Each version of PostgreSQL words the definition
// of a view in its own way: from 16 on a column is written without its table if the view reads only one. None of our
// own objects is a view.
bool forget_wording_of_views(Catalogue& local, Catalogue& prod) {
  bool any = false;
  for (Catalogue* beside : {&local, &prod}) {
    for (auto& [object, definition] : *beside) {
      if (!object.starts_with("view ") && !object.starts_with("materialized view ")) continue;
      definition = "a view";
      any = true;
    }
  }
  return any;
}

// Two revisions differ in hundreds of objects, so for them only the revisions are reported.
Agreement compare_databases(Target& local, Target& prod) {
  const std::string local_word = word_of(local.migrator.current()), prod_word = word_of(prod.migrator.current());
  if (local_word != prod_word) return {true, false, {{"revision", local_word, prod_word}}};

  DatabaseShape a = local.migrator.shape(), b = prod.migrator.shape();
  const std::string local_version = local.database.facts().version, prod_version = prod.database.facts().version;
  if (major_of(local_version) != major_of(prod_version) && forget_wording_of_views(a.beside, b.beside)) {
    print_note(fmt::format("views are compared by name alone, because PostgreSQL {} and {} word them differently",
                           local_version, prod_version));
  }
  Agreement agreement{true, true, compare({.expected = a.ours, .found = b.ours})};
  const std::vector<Difference> beside = compare({.expected = a.beside, .found = b.beside});
  agreement.differences.insert(agreement.differences.end(), beside.begin(), beside.end());
  return agreement;
}

std::string text_of(const Agreement& agreement) {
  if (agreement.holds()) return "local and prod have the same revision and the same catalogue\n";
  if (!agreement.same_revision) {
    return fmt::format(
        "local and prod have different revisions (local {}, prod {}), so their catalogues were not compared\n",
        agreement.differences[0].expected, agreement.differences[0].found);
  }
  std::string text;
  for (const Difference& d : agreement.differences)
    text += fmt::format("  DIFFERENT: {}: local {}, prod {}\n", d.object, d.expected, d.found);
  return text + fmt::format("local and prod: {} differences\n", agreement.differences.size());
}

// What a command found or did for one database.
struct Outcome {
  json facts;
  std::string text;
  bool is_good = true;
};

int print_outcomes(const DbOptions& options, const std::vector<Outcome>& outcomes, const Agreement& agreement) {
  bool all_good = agreement.holds();
  json databases = json::array();
  std::string text;
  for (const Outcome& outcome : outcomes) {
    all_good = all_good && outcome.is_good;
    databases.push_back(outcome.facts);
    text += outcome.text;
  }
  json all = {{"databases", databases}};
  if (agreement.is_asked) {
    all["in_sync"] = agreement.holds();
    json differences = json::array();
    for (const Difference& d : agreement.differences)
      differences.push_back({{"object", d.object}, {"local", d.expected}, {"prod", d.found}});
    all["differences"] = differences;
    text += text_of(agreement);
  }
  print_either(options.json, all, text);
  return all_good ? kDone : kDifference;
}

// Runs `act` on one database or on local and then prod; the first failure stops it, what was done before stays told.
template <class Act>
int on_each(const DbOptions& options, const Act& act) {
  const std::vector<NamedDatabase> named = chosen_databases(options.database, options.all);
  std::vector<std::unique_ptr<Target>> targets;
  for (const NamedDatabase& each : named) targets.push_back(std::make_unique<Target>(each, options));
  std::vector<Outcome> outcomes;
  for (const auto& target : targets) {
    Outcome outcome = act(*target);
    outcome.facts["name"] = target->name;
    outcome.facts["address"] = target->database.address().shown();
    outcomes.push_back(std::move(outcome));
  }
  return print_outcomes(options, outcomes, options.all ? compare_databases(*targets[0], *targets[1]) : Agreement{});
}

Outcome after_steps(Target& target, const std::vector<std::string>& steps) {
  const Revision* at = target.migrator.current();
  const std::string place = fmt::format("{}: at {}{}", target.title(), word_of(at), is_head(at) ? " (head)" : "");
  return {{{"steps", steps}, {"revision", word_of(at)}, {"is_head", is_head(at)}},
          fmt::format("{}{}\n", place, steps.empty() ? ", nothing to do" : fmt::format(", {} steps", steps.size()))};
}

std::size_t starting_place(const DbOptions& options) {
  if (!options.from.empty()) return place_of(options.from);
  if (options.all)
    throw Error(ErrorKind::bad_input, "--sql prints one script, for one database",
                "name one --database, or --from REV");
  Target target(named_database(options.database), options);
  return place_of(word_of(target.migrator.current()));
}

int print_script(const DbOptions& options, bool is_upgrade) {
  const std::size_t from = starting_place(options);
  const bool one_back = !is_upgrade && (options.to.empty() || options.to == "-1");
  const std::size_t to =
      one_back ? from - std::min<std::size_t>(from, 1) : place_of(options.to.empty() ? "head" : options.to);
  if (is_upgrade ? from > to : from < to)
    throw Error(ErrorKind::bad_input, "--to lies in the other direction",
                is_upgrade ? "heretix db downgrade --sql" : "heretix db upgrade --sql");
  const std::string script = migration_script(from, to);
  print_result(options.json ? json{{"sql", script}}.dump(2) + "\n" : script);
  return kDone;
}

void require_no_from(const DbOptions& options) {
  if (!options.from.empty())
    throw Error(ErrorKind::bad_input, "--from belongs to --sql",
                "leave it out; without --sql the database says which revision it is at");
}

Outcome check_shape(Target& target) {
  const Revision* at = target.migrator.current();
  const std::vector<Difference> differences = target.migrator.differences();
  const OlderShape* older = at == nullptr ? nullptr : recognise(*at, differences);
  std::string text = fmt::format("{}: at {}\n{}", target.title(), place_and_remedy(target, at), lines_of(differences));
  if (!differences.empty()) text += fmt::format("  {} differences\n", differences.size());
  else if (is_head(at)) text += fmt::format("  {} objects, as {} has them\n", at->catalogue.size(), at->id);
  if (older != nullptr && !differences.empty())
    text += fmt::format("  the older shape '{}': heretix db convert makes it the present one\n", older->name);
  return Outcome{{{"revision", word_of(at)},
                  {"is_head", is_head(at)},
                  {"missing", steps_missing(at)},
                  {"older_shape", older != nullptr && !differences.empty() ? json(older->name) : json(nullptr)},
                  {"differences", to_json(differences)}},
                 text,
                 differences.empty() && is_head(at)};
}

Outcome tell_status(Target& target) {
  const ServerFacts facts = target.database.facts();
  const Revision* at = target.migrator.current();
  const std::vector<Difference> differences = target.migrator.differences();
  const DatabaseShape shape = target.migrator.shape();

  const std::string server = facts.pglite.empty() ? "PostgreSQL " + facts.version
                                                  : fmt::format("{} (PostgreSQL {})", facts.pglite, facts.version);
  const std::string tls = facts.tls.empty() ? "not encrypted" : facts.tls;

  std::string text =
      fmt::format("{}\n  server    {}, {}\n  revision  {}\n  shape     {}\n", target.title(), server, tls,
                  place_and_remedy(target, at),
                  differences.empty() ? "as its revision has it"
                                      : fmt::format("{} differences: heretix db check", differences.size()));

  if (target.database.address().names_pooler()) text += "  pooled    for checks, not for migrations\n";
  for (const auto& [object, definition] : shape.beside) {
    if (object.starts_with("table ")) text += fmt::format("  beside    {}, not ours\n", object);
  }

  return Outcome{{{"server", facts.version},
                  {"pglite", facts.pglite.empty() ? json(nullptr) : json(facts.pglite)},
                  {"tls", facts.tls},
                  {"revision", word_of(at)},
                  {"missing", steps_missing(at)},
                  {"differences", differences.size()},
                  {"pooled_host", target.database.address().names_pooler()}},
                 text};
}

int db_upgrade_command(const DbOptions& options) {
  if (options.sql) return print_script(options, true);
  require_no_from(options);
  const std::string to = options.to.empty() ? "head" : options.to;
  place_of(to);  // throws for an unknown revision before anything is connected
  return on_each(options, [&](Target& target) { return after_steps(target, target.migrator.upgrade(to)); });
}

int db_downgrade_command(const DbOptions& options) {
  if (options.sql) return print_script(options, false);
  require_no_from(options);
  const std::string to = options.to.empty() ? "-1" : options.to;
  if (to != "-1") place_of(to);
  return on_each(
      options, [&](Target& target) { return after_steps(target, target.migrator.downgrade(to, options.yes_destroy)); });
}

int db_current_command(const DbOptions& options) {
  return on_each(options, [](Target& target) {
    const Revision* at = target.migrator.current();
    return Outcome{{{"revision", word_of(at)}, {"is_head", is_head(at)}},
                   fmt::format("{}: {}{}\n", target.title(), word_of(at), is_head(at) ? " (head)" : "")};
  });
}

int db_history_command(const DbOptions& options) {
  json revisions = json::array();
  std::string text;
  for (auto r = history().rbegin(); r != history().rend(); ++r) {
    revisions.push_back({{"revision", r->id}, {"parent", r->parent}, {"title", r->title}});
    text += fmt::format("{} -> {}{}  {}\n", r->parent, r->id, r == history().rbegin() ? " (head)" : "", r->title);
  }
  print_either(options.json, revisions, text);
  return kDone;
}

int db_check_command(const DbOptions& options) { return on_each(options, check_shape); }

int db_status_command(const DbOptions& options) { return on_each(options, tell_status); }

int db_stamp_command(const DbOptions& options) {
  place_of(options.to);
  return on_each(options, [&](Target& target) {
    target.migrator.stamp(options.to);
    return after_steps(target, {"stamp"});
  });
}

int db_convert_command(const DbOptions& options) {
  return on_each(options, [](Target& target) {
    const std::string name = target.migrator.convert();
    return Outcome{
        {{"converted", name.empty() ? json(nullptr) : json(name)}},
        fmt::format("{}: {}\n", target.title(),
                    name.empty() ? "has the present shape, nothing to do" : fmt::format("converted from '{}'", name))};
  });
}

int db_catalogue_command(const DbOptions& options) {
  return on_each(options, [](Target& target) {
    const DatabaseShape shape = target.migrator.shape();
    return Outcome{{{"ours", shape.ours}, {"beside", shape.beside}}, print_catalogue(shape.ours)};
  });
}

int db_psql_command(const DbOptions& options) {
  json commands = json::array();
  std::string text;
  for (const NamedDatabase& named : chosen_databases(options.database, options.all)) {
    commands.push_back({{"name", named.name}, {"command", psql_command(named.address)}});
    text += psql_command(named.address) + "\n";
    if (!named.address.value("password").empty())
      print_note("the password is left out: psql asks for it, or set PGPASSWORD or ~/.pgpass");
  }
  print_either(options.json, commands, text);
  return kDone;
}

RegisteredCommand<DbOptions> add_db_command(CommandTable& table, CLI::App& db, const char* name, const char* what,
                                            int (*command)(const DbOptions&)) {
  const auto added = table.add_to<DbOptions>(db, name, what, command);
  add_database(added.app, added.options, "which database (default: what APP_ENV says, else local)");
  add_json(added.app, added.options);
  return added;
}

// Of commands that can look at both.
void add_all(const RegisteredCommand<DbOptions>& command) {
  command.app.add_flag("--all", command.options.all,
                       "both local and prod, and whether they have the same revision and shape");
}

void add_steps(const RegisteredCommand<DbOptions>& command, const char* to) {
  const auto& [app, o] = command;
  app.add_option("--to", o.to, to)->type_name("REV");
  app.add_flag("--sql", o.sql, "print the script and change nothing");
  app.add_option("--from", o.from, "with --sql: the revision to start from (default: ask the database)")
      ->type_name("REV");
  app.add_option("--lock-wait", o.lock_wait, "how long to wait for another migration to end (default 60)")
      ->type_name("SECONDS");
  add_all(command);
}

}  // namespace

void register_db(CommandTable& table) {
  CLI::App& db = table.add_group("db", "manage the Postgres databases, which share one history");
  const auto add = [&](const char* name, const char* what, int (*command)(const DbOptions&)) {
    return add_db_command(table, db, name, what, command);
  };

  add_steps(add("upgrade", "apply the missing revisions, each in a transaction of its own", db_upgrade_command),
            "a revision, the beginning of its id, or head (default head)");
  const auto downgrade = add("downgrade", "go back by one revision, or as far as --to says", db_downgrade_command);
  add_steps(downgrade, "a revision, the beginning of its id, base, or -1 (default -1)");
  downgrade.app.add_flag("--yes-destroy", downgrade.options.yes_destroy, "even if rows are destroyed");

  add_all(add("current", "print the revision that a database is at", db_current_command));
  const auto history = table.add_to<DbOptions>(db, "history", "list the revisions, newest first", db_history_command);
  add_json(history.app, history.options);
  add_all(
      add("check", "compare the tables with what their revision has; exit with 1 if they differ", db_check_command));
  add_all(add("status", "show the server, encryption, revision, missing revisions and shape", db_status_command));

  const auto stamp =
      add("stamp", "record the revision of a database that already has exactly its shape", db_stamp_command);
  stamp.app.add_option("revision", stamp.options.to, "a revision, the beginning of its id, head or base")
      ->type_name("REV")
      ->required();
  add("convert", "convert a known older shape into the present one, keeping its rows", db_convert_command);
  add("catalogue", "print the shape of the tables, one line per object", db_catalogue_command);
  add_all(add("psql", "print the psql command that connects to a database", db_psql_command));

  register_db_personal_data(table, db);
  register_db_import(table, db);
}

}  // namespace heretix
