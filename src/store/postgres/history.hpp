// The one migration history of every database of the service: the files of migrations/, embedded at build time.
//
// Alembic runs the same files (migrations/env.py). A revision is a folder with up.sql, down.sql, sqlite.sql and
// catalogue.txt, the shape that a Postgres database has there.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace heretix {

// What a database holds, by object: "column checks.K" to "bigint, not null". docs/operations.md lists the kinds.
using Catalogue = std::map<std::string, std::string>;

// An older shape under the same revision word, and the SQL that turns it into the present one.
struct OlderShape {
  std::string name;
  Catalogue differences;  // "absent", or a definition; one that ends in * may go on in any way
  std::string sql;
};

struct Revision {
  std::string id;
  std::string parent{};  // "base" for the first
  std::string title{};
  std::string up{}, down{};
  std::string up_in_sqlite{};           // of the service's file (store/sqlite/app_file.hpp), which has no way back
  std::vector<std::string> destroys{};  // tables that `down` drops
  Catalogue catalogue{};
  std::vector<OlderShape> older{};
};

// Oldest first. Throws Error{broken} where the files do not make one line of revisions.
const std::vector<Revision>& history();

Catalogue parse_catalogue(std::string_view text);
std::string print_catalogue(const Catalogue& catalogue);

struct EmbeddedFile {
  std::string_view path;  // "9e15719c5c3c/up.sql"
  std::string_view text;
};
std::vector<EmbeddedFile> embedded_migrations();  // in any order; cmake/embed.cmake makes it

}  // namespace heretix
