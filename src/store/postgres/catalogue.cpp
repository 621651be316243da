#include "store/postgres/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace heretix {
namespace {

// Every query gives rows (relation, object, definition). Owner, rights, comments, storage parameters and statistics are
// no part of a shape: they differ between a laptop and a hosted database, and nothing here depends on them.
constexpr std::string_view kTables = R"(
SELECT c.relname AS relation, 'table ' || c.relname AS object,
  concat_ws(', ', CASE c.relkind WHEN 'p' THEN 'partitioned' ELSE 'ordinary' END,
    CASE c.relpersistence WHEN 'u' THEN 'unlogged' WHEN 't' THEN 'temporary' END,
    CASE WHEN c.relrowsecurity THEN 'row security' END, CASE WHEN c.relforcerowsecurity THEN 'forced' END,
    (SELECT 'inherits ' || string_agg(h.inhparent::regclass::text, ' ' ORDER BY h.inhseqno) FROM pg_inherits h WHERE h.inhrelid = c.oid),
    (SELECT 'child ' || string_agg(h.inhrelid::regclass::text, ' ' ORDER BY 1) FROM pg_inherits h WHERE h.inhparent = c.oid)) AS definition
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f'))";
// From Postgres 18 on a column may be declared not null while older rows still hold nulls (NOT VALID).
constexpr std::string_view kColumns = R"(
SELECT c.relname AS relation, 'column ' || c.relname || '.' || a.attname AS object,
  concat_ws(', ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
    (SELECT 'not validated' FROM pg_constraint n WHERE n.conrelid = c.oid AND n.contype = 'n' AND n.conkey[1] = a.attnum AND NOT n.convalidated),
    CASE WHEN a.attgenerated <> '' THEN 'generated ' || pg_get_expr(d.adbin, d.adrelid)
         WHEN d.oid IS NOT NULL THEN 'default ' || pg_get_expr(d.adbin, d.adrelid) END,
    CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
    CASE WHEN a.attcollation <> t.typcollation THEN 'collate ' || (SELECT collname FROM pg_collation WHERE oid = a.attcollation) END) AS definition
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f'))";
constexpr std::string_view kOrders = R"(
SELECT c.relname AS relation, 'order ' || c.relname AS object,
  (SELECT string_agg(a.attname, ' ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS definition
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f'))";
// Not-null constraints have rows of their own from Postgres 18 on; the column tells them already.
constexpr std::string_view kConstraints = R"(
SELECT c.relname AS relation, 'constraint ' || c.relname || '.' || k.conname AS object, pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = 'public'::regnamespace AND k.contype NOT IN ('n', 't'))";
constexpr std::string_view kIndexes = R"(
SELECT c.relname AS relation, 'index ' || c.relname || '.' || i.relname AS object,
  pg_get_indexdef(x.indexrelid) || CASE WHEN x.indisvalid AND x.indisready THEN '' ELSE ' INVALID' END AS definition
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
WHERE c.relnamespace = 'public'::regnamespace)";
// A foreign key's own triggers are told only where somebody switched them off.
constexpr std::string_view kTriggers = R"(
SELECT c.relname AS relation, 'trigger ' || c.relname || '.' || CASE WHEN t.tgisinternal THEN k.conname || ' (' || t.tgtype || ')' ELSE t.tgname END AS object,
  concat_ws(', ', CASE WHEN t.tgisinternal THEN 'of its constraint' ELSE pg_get_triggerdef(t.oid) END,
    CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END) AS definition
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint
WHERE c.relnamespace = 'public'::regnamespace AND (NOT t.tgisinternal OR t.tgenabled <> 'O'))";
constexpr std::string_view kRules = R"(
SELECT c.relname AS relation, 'rule ' || c.relname || '.' || r.rulename AS object, pg_get_ruledef(r.oid) AS definition
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f'))";
constexpr std::string_view kPolicies = R"(
SELECT c.relname AS relation, 'policy ' || c.relname || '.' || p.polname AS object,
  concat_ws(', ', p.polcmd::text, CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) AS definition
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = 'public'::regnamespace)";
constexpr std::string_view kViewsAndSequences = R"(
SELECT c.relname AS relation, CASE c.relkind WHEN 'S' THEN 'sequence ' WHEN 'm' THEN 'materialized view ' ELSE 'view ' END || c.relname AS object,
  CASE c.relkind WHEN 'S' THEN '-' ELSE regexp_replace(pg_get_viewdef(c.oid), '\s+', ' ', 'g') END AS definition
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('S', 'v', 'm'))";
constexpr std::string_view kTypes = R"(
SELECT t.typname AS relation, 'type ' || t.typname AS object, t.typtype::text AS definition
FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd', 'r', 'm')
AND NOT EXISTS (SELECT 1 FROM pg_depend p WHERE p.objid = t.oid AND p.deptype = 'e'))";
constexpr std::string_view kFunctions = R"(
SELECT p.proname AS relation, 'function ' || p.oid::regprocedure::text AS object, md5(p.prosrc) AS definition
FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e'))";

constexpr std::array kOfTables = {kTables, kColumns, kOrders, kConstraints, kIndexes, kTriggers, kRules, kPolicies};
constexpr std::array kFreeStanding = {kViewsAndSequences, kTypes, kFunctions};

// One line an object: a definition may hold line breaks of its own.
std::string on_a_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

bool fits(const std::string& wanted, const std::string& found) {
  if (wanted.ends_with('*')) return found.starts_with(wanted.substr(0, wanted.size() - 1)) && found != "absent";
  return wanted == found;
}

}  // namespace

const std::set<std::string>& our_tables() {
  static const std::set<std::string> names = [] {
    std::set<std::string> all{"alembic_version"};
    for (const Revision& revision : history()) {
      for (const std::string& table : revision.destroys) all.insert(table);
    }
    return all;
  }();
  return names;
}

DatabaseShape read_shape(PostgresDatabase& database) {
  // A transaction of its own where the caller has none: the search path decides how Postgres words a definition.
  database.execute("SAVEPOINT shape");
  database.execute("SET LOCAL search_path = pg_catalog");
  DatabaseShape shape;
  for (const std::string_view sql : kOfTables) {
    for (const Row& row : database.query(sql)) {
      const bool is_ours = our_tables().contains(row.text_or_empty("relation"));
      (is_ours ? shape.ours : shape.beside)[row.text_or_empty("object")] = on_a_line(row.text_or_empty("definition"));
    }
  }
  for (const std::string_view sql : kFreeStanding) {
    for (const Row& row : database.query(sql))
      shape.beside[row.text_or_empty("object")] = on_a_line(row.text_or_empty("definition"));
  }
  database.execute("ROLLBACK TO SAVEPOINT shape");
  return shape;
}

std::vector<Difference> compare(const CataloguePair& pair) {
  const auto& [expected, found] = pair;
  std::vector<Difference> differences;
  for (const auto& [object, definition] : expected) {
    const auto there = found.find(object);
    if (there == found.end()) differences.push_back({object, definition, "absent"});
    else if (there->second != definition) differences.push_back({object, definition, there->second});
  }
  for (const auto& [object, definition] : found) {
    if (!expected.contains(object)) differences.push_back({object, "absent", definition});
  }
  std::ranges::sort(differences, {}, &Difference::object);
  return differences;
}

std::string to_line(const Difference& d) {
  if (d.found == "absent") return fmt::format("{} is missing: {}", d.object, d.expected);
  if (d.expected == "absent") return fmt::format("{} does not belong there: {}", d.object, d.found);
  return fmt::format("{} is {}; it should be {}", d.object, d.found, d.expected);
}

const OlderShape* recognise(const Revision& revision, const std::vector<Difference>& differences) {
  for (const OlderShape& shape : revision.older) {
    std::size_t matched = 0;
    const bool all_fit = std::ranges::all_of(differences, [&](const Difference& d) {
      if (d.object.starts_with("order ")) return true;  // follows from the columns
      const auto wanted = shape.differences.find(d.object);
      if (wanted == shape.differences.end() || !fits(wanted->second, d.found)) return false;
      ++matched;
      return true;
    });
    if (all_fit && matched == shape.differences.size()) return &shape;
  }
  return nullptr;
}

}  // namespace heretix
