#include "store/postgres/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/error.hpp"

namespace heretix {
namespace {

constexpr const char* kBuildFault = "this program was built from damaged migrations";

// The '-- name: value' lines that open a file.
std::map<std::string, std::string> header_of(std::string_view text) {
  std::map<std::string, std::string> fields;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line) && line.starts_with("-- ");) {
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) fields[line.substr(3, colon - 3)] = line.substr(colon + 2);
  }
  return fields;
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

using Files = std::map<std::string, std::string_view>;  // of one folder, by file name

std::string_view file(const Files& files, const std::string& folder, const std::string& name) {
  const auto found = files.find(name);
  if (found == files.end())
    throw Error(ErrorKind::broken, fmt::format("migrations/{} has no {}", folder, name), kBuildFault);
  return found->second;
}

Revision revision_from(const std::string& folder, const Files& files) {
  Revision revision{.id = folder,
                    .up = std::string(file(files, folder, "up.sql")),
                    .down = std::string(file(files, folder, "down.sql")),
                    .up_in_sqlite = std::string(file(files, folder, "sqlite.sql")),
                    .catalogue = parse_catalogue(file(files, folder, "catalogue.txt"))};
  auto header = header_of(revision.up);
  if (header["revision"] != folder || header_of(revision.up_in_sqlite)["revision"] != folder)
    throw Error(ErrorKind::broken, fmt::format("a file of migrations/{} names another revision", folder), kBuildFault);
  revision.parent = header["parent"];
  revision.title = header["title"];
  revision.destroys = words_of(header_of(revision.down)["destroys"]);
  for (const auto& [name, text] : files) {
    if (!name.ends_with(".shape")) continue;
    const std::string shape = name.substr(0, name.size() - 6);
    revision.older.push_back({shape, parse_catalogue(text), std::string(file(files, folder, shape + ".sql"))});
  }
  return revision;
}

std::vector<Revision> in_order(std::vector<Revision> loose) {
  std::vector<Revision> ordered;
  std::string parent = "base";
  for (std::size_t left = loose.size(); left > 0; --left) {
    const auto next = std::ranges::find(loose, parent, &Revision::parent);
    if (next == loose.end()) throw Error(ErrorKind::broken, fmt::format("no revision follows {}", parent), kBuildFault);
    parent = next->id;
    ordered.push_back(*next);
  }
  return ordered;
}

}  // namespace

Catalogue parse_catalogue(std::string_view text) {
  Catalogue catalogue;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t colon = line.find(": ");
    if (!line.starts_with("#") && colon != std::string::npos) catalogue[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return catalogue;
}

std::string print_catalogue(const Catalogue& catalogue) {
  std::string text;
  for (const auto& [object, definition] : catalogue) text += fmt::format("{}: {}\n", object, definition);
  return text;
}

const std::vector<Revision>& history() {
  static const std::vector<Revision> revisions = [] {
    std::map<std::string, Files> folders;
    for (const EmbeddedFile& embedded : embedded_migrations()) {
      const std::size_t slash = embedded.path.find('/');
      folders[std::string(embedded.path.substr(0, slash))][std::string(embedded.path.substr(slash + 1))] =
          embedded.text;
    }
    std::vector<Revision> loose;
    for (const auto& [folder, files] : folders) loose.push_back(revision_from(folder, files));
    return in_order(std::move(loose));
  }();
  return revisions;
}

}  // namespace heretix
