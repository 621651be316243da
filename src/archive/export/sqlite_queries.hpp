// The SQL that reads a harness file for the dataset.
#pragma once

#include <string>
#include <vector>

#include "archive/export/source.hpp"

namespace heretix {

// What a harness file holds. Files of other programs have no executions.
struct HarnessFacts {
  bool has_executions = false;
  bool has_earlier = false;  // some recipe has several executions: `runs` keeps only the newest
};

struct SqliteQuery {
  std::vector<std::string> columns;  // columns of the dataset, in the order of the result
  std::string sql;
};

// The rows as they lie in the file, or sorted by time and key. With earlier executions the checks are always sorted.
SqliteQuery sqlite_query(const Table& table, const HarnessFacts& facts, const Period& period, bool is_sorted);

// Counts the executions that `runs` no longer shows and whose record is not JSON; they are left out.
inline constexpr std::string_view kUnreadableRecords =
    "SELECT count(*) AS n FROM heretix_executions x WHERE x.status = 'done' AND NOT "
    "coalesce(json_valid(x.record_json), "
    "0) AND x.rowid <> (SELECT max(y.rowid) FROM heretix_executions y WHERE y.run_id = x.run_id AND y.status = 'done')";
inline constexpr std::string_view kHasEarlier =
    "SELECT EXISTS (SELECT 1 FROM heretix_executions GROUP BY run_id HAVING count(*) > 1) AS n";

}  // namespace heretix
