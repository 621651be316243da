#include "archive/export/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/error.hpp"

namespace heretix {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* kFormat = "heretix_dataset";

json to_json(const DatasetFile& file) {
  return {
      {"path", file.path},   {"env", file.env},       {"month", file.month},   {"rows", file.rows},
      {"bytes", file.bytes}, {"sha256", file.sha256}, {"digest", file.digest}, {"schema_version", file.schema_version}};
}

DatasetFile file_from(const json& j) {
  return {.path = j.at("path"),
          .env = j.at("env"),
          .month = j.at("month"),
          .rows = j.at("rows"),
          .bytes = j.at("bytes"),
          .sha256 = j.at("sha256"),
          .digest = j.at("digest"),
          .schema_version = j.at("schema_version")};
}

json to_json(const SourceFacts& source) {
  return {{"name", source.name},
          {"kind", source.kind},
          {"env", source.env},
          {"revision", source.revision},
          {"snapshot", source.snapshot}};
}

SourceFacts source_from(const json& j) {
  return {.name = j.at("name"),
          .kind = j.at("kind"),
          .env = j.at("env"),
          .revision = j.at("revision"),
          .snapshot = j.at("snapshot")};
}

void require_known(const json& j, const char* field, int newest, const std::string& source) {
  const int version = j.at(field);
  if (version <= newest) return;
  throw Error(ErrorKind::bad_input, fmt::format("{} has {} {}; this program knows {}", source, field, version, newest),
              "use a newer heretix, or export to another target");
}

// `read` on what `text` holds; every way in which it can be damaged is one error.
template <class Read>
auto read_json(std::string_view text, const std::string& source, Read read) {
  try {
    const json j = json::parse(text);
    if (j.at("format") != kFormat) throw Error(ErrorKind::broken, source + " is not part of a Heretix dataset");
    require_known(j, "manifest_version", kManifestVersion, source);
    return read(j);
  } catch (const json::exception& e) {
    throw Error(ErrorKind::broken, fmt::format("{} is damaged: {}", source, e.what()),
                "restore it, or export to another target");
  }
}

}  // namespace

std::int64_t DatasetTable::rows() const {
  return std::accumulate(files.begin(), files.end(), std::int64_t{0},
                         [](std::int64_t sum, const DatasetFile& file) { return sum + file.rows; });
}

const DatasetTable& Manifest::table(std::string_view name) const {
  const auto found = std::ranges::find(tables, name, &DatasetTable::name);
  if (found != tables.end()) return *found;
  throw Error(ErrorKind::broken, fmt::format("the manifest has no table {}", name));
}

std::string to_json_text(const Manifest& m) {
  json out = {{"format", kFormat},
              {"manifest_version", kManifestVersion},
              {"schema_version", kSchemaVersion},
              {"generation", m.generation},
              {"created_at", m.created_at},
              {"program", m.program},
              {"claims", m.has_claims},
              {"user_key", m.user_key},
              {"since", m.since},
              {"previous", m.previous},
              {"sources", json::array()},
              {"tables", json::object()}};
  for (const SourceFacts& source : m.sources) out["sources"].push_back(to_json(source));
  for (const DatasetTable& table : m.tables) {
    json files = json::array();
    for (const DatasetFile& file : table.files) files.push_back(to_json(file));
    out["tables"][table.name] = {{"rows", table.rows()}, {"files", files}};
  }
  return out.dump(1) + "\n";
}

Manifest manifest_from(std::string_view text, const std::string& source) {
  return read_json(text, source, [&](const json& j) {
    require_known(j, "schema_version", kSchemaVersion, source);
    Manifest m{.generation = j.at("generation"),
               .created_at = j.at("created_at"),
               .program = j.at("program"),
               .has_claims = j.at("claims"),
               .user_key = j.at("user_key"),
               .since = j.at("since"),
               .previous = j.at("previous"),
               .sources = {},
               .tables = {}};
    for (const json& one : j.at("sources")) m.sources.push_back(source_from(one));
    for (const auto& [name, table] : j.at("tables").items()) {
      m.tables.push_back({.name = name, .files = {}});
      for (const json& file : table.at("files")) m.tables.back().files.push_back(file_from(file));
    }
    return m;
  });
}

std::string to_json_text(const Pointer& pointer) {
  return json{{"format", kFormat},
              {"manifest_version", kManifestVersion},
              {"generation", pointer.generation},
              {"manifest", pointer.manifest},
              {"sha256", pointer.sha256}}
             .dump(1) +
         "\n";
}

Pointer pointer_from(std::string_view text, const std::string& source) {
  return read_json(text, source, [](const json& j) {
    return Pointer{.generation = j.at("generation"), .manifest = j.at("manifest"), .sha256 = j.at("sha256")};
  });
}

}  // namespace heretix
