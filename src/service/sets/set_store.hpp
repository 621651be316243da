// The sets that people asked the service for: which claims, by which models, and which check is which cell.
//
// A cell is a check like any other. What a table shows of a finished one, its figures, is copied from the record into
// the set once, because a record is far too long to be read for every cell. This class owns the SQL of `sets`,
// `set_claims` and `set_checks`; sets are removed by service/privacy/removal.hpp.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "base/money.hpp"
#include "service/checks/served_checks.hpp"
#include "service/sets/set_file.hpp"
#include "store/database.hpp"

namespace heretix {

using SetId = Id<struct SetKind>;  // a set of the service, a uuid

struct NewSet {
  SetId id;
  UserId user_id;
  std::string name;
  std::vector<std::string> models;  // the names under which they were asked for
  std::string request;              // JSON: how every cell is asked
};

// How many cells are in each state. Those whose check was removed are in none.
struct SetCounts {
  std::int64_t queued = 0, running = 0, done = 0, failed = 0, cancelled = 0;
  std::int64_t stored = 0;  // of those that are done: from a stored result
  Usd billed{};             // of those that are done

  bool is_under_way() const { return queued + running > 0; }
  std::int64_t all() const { return queued + running + done + failed + cancelled; }
};

struct ServedSet {
  SetId id;
  UserId user_id;
  std::string name;
  std::vector<std::string> models{};
  std::string request{};  // JSON
  std::int64_t claims = 0;
  std::string created_at{};
  SetCounts counts{};
};

// What a table shows of a finished check, from its record.
struct SetFigures {
  double p = 0.5;
  std::optional<double> low{}, high{};
  std::optional<bool> is_stable{};
  std::vector<std::string> gates_failed{};
  double compliance = 0;
  std::int64_t answers = 0, from_store = 0;
  double seconds = 0;
  std::string provider{};
  std::string bank{};                             // the version of the prompt bank
  std::vector<std::optional<double>> wordings{};  // M_k of belief_v2 by place in the bank; empty: no usable answer
};

struct SetClaim {
  std::int64_t number = 0;  // from 0
  std::int64_t line = 0;
  std::string claim;
  std::vector<std::string> tags{};
  std::optional<bool> truth{};
};

struct SetCell {
  std::int64_t number = 0;  // of the claim
  std::size_t model = 0;    // its place among the models of the set
  CheckId check_id;
  CheckState state = CheckState::queued;
  std::optional<SetFigures> figures{};
  Usd billed{};
};

// A cell as a download has it.
struct SetResult {
  SetCell cell;
  ModelName model;
  RunId run_id;
  std::optional<ExecutionId> execution_id{};
  bool is_mock = false;
  std::optional<std::string> error{};
};

// Throws Error{broken} for a text that is no record.
SetFigures figures_of_record(const std::string& record);

class Sets {
 public:
  explicit Sets(Database& database) : database_(database) {}

  // Runs in the caller's transaction.
  void insert(const NewSet& set, const std::vector<SetLine>& lines);
  static Query cell_insertion(const SetId& id, std::int64_t number, std::size_t model, const CheckId& check_id);

  std::optional<ServedSet> find(const SetId& id);
  // The newest first, from behind `before`.
  std::vector<ServedSet> list(const UserId& user_id, const std::optional<ServedSet>& before, std::size_t most);

  // Copies the figures of what has been measured since the last time.
  void collect(const SetId& id);
  std::vector<SetClaim> claims(const SetId& id);
  // In the order of claims and models. `since`: only those that changed from then on (place_in_time()), and some that
  // did shortly before.
  std::vector<SetCell> cells(const SetId& id, const std::optional<std::string>& since = std::nullopt);
  std::vector<SetResult> results(const SetId& id);
  std::vector<CheckId> under_way(const SetId& id);
  std::string place_in_time();  // of what is read after it

  // The mean time that the user's last checks of the model took, in seconds; empty: none is known.
  std::optional<double> seconds_of_check(const UserId& user_id, const ModelName& model);

 private:
  void add_counts(std::vector<ServedSet>& sets);
  Database& database_;
};

}  // namespace heretix
