// What list and show read of a store: for the commands, and for an assistant (heretix mcp).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/session.hpp"
#include "report/text.hpp"

namespace heretix {

struct ListOptions : CommonOptions {
  int most = 50;
  std::string claim;  // a text within the claim, in either case; empty: all
  std::string model;  // likewise, of the model
  std::string since;  // YYYY-MM-DD, UTC; empty: from the start

  bool filters() const { return !claim.empty() || !model.empty() || !since.empty(); }
};

struct Listing {
  nlohmann::json runs = nlohmann::json::array();
  std::string text;        // for so many columns as were given
  std::size_t found = 0;   // of which `runs` are the newest
  bool is_mock = false;    // mock runs are listed, in models' names
  std::string store_flag;  // that a printed command needs to read the same; often empty
  std::size_t mock_left_out = 0;
};

// Throws Error{bad_input} for a day that is none and for `most` below 1, and what open_for_reading() throws.
Listing list_stored(const ListOptions& options, std::size_t columns);

struct Shown {
  nlohmann::json record;  // as it is stored; of a run of another program its columns
  std::string text;
};

// The run that `options` names, or its newest execution. Throws what open_for_reading() and RunStore::find_run() throw.
Shown show_stored(const StoredRunOptions& options, const TextStyle& style);

}  // namespace heretix
