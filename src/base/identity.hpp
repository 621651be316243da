// The ids and names that tell things apart. Each is a type of its own, so that none can be passed for another.
#pragma once

#include <fmt/format.h>

#include <compare>
#include <functional>
#include <string>
#include <utility>

#include "base/value.hpp"

namespace heretix {

// The text that names one thing of the kind `Kind`. An id without text names nothing, which is the state of a member
// that is not yet filled in; an id that may be missing for good is a std::optional.
//
// It is bound to a statement as it is, printed by fmt as its text, and written to JSON as a string. Reading text as an
// id is always spelled out: `UserId{text}`, or Row::id<UserId>(column).
template <class Kind>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  operator Value() const { return text_; }

  friend bool operator==(const Id&, const Id&) = default;
  friend std::strong_ordering operator<=>(const Id&, const Id&) = default;

 private:
  std::string text_;
};

using RecipeId = Id<struct RecipeKind>;        // what was asked and how: "heretix-rpl-" and 12 digits; column run_id
using ExecutionId = Id<struct ExecutionKind>;  // one time that a recipe was carried out: "exec-" and 12 digits or more
using RunId = Id<struct RunKind>;              // a stored result, as list, show and verify name it: see below
using CheckId = Id<struct CheckKind>;          // a check of the service, a uuid
using UserId = Id<struct UserKind>;            // an account of the service, a uuid
using LeaseToken = Id<struct LeaseKind>;       // one claim of a job by a worker: "lease-" and 32 digits
using VisitorId = Id<struct VisitorKind>;      // somebody without an account: the keyed hash of a cookie
using ModelName = Id<struct ModelKind>;        // as hashed into keys, e.g. "openai/gpt-5"

// A RunId stands in the column run_id of the table that holds the results. In a harness file that is `runs`, with one
// row for each recipe, so a run id is the text of a RecipeId. In the databases of the service it is `checks`, where a
// recipe may have many rows, so a run id is "<recipe>-<12 digits>"; of a check that was measured these are the digits
// of its execution (measure/check_row.hpp).

// For nlohmann::json, ordered or not.
template <class Json, class Kind>
void to_json(Json& json, const Id<Kind>& id) {
  json = id.text();
}

}  // namespace heretix

template <class Kind>
struct fmt::formatter<heretix::Id<Kind>> : fmt::formatter<std::string> {
  template <class Context>
  auto format(const heretix::Id<Kind>& id, Context& context) const {
    return fmt::formatter<std::string>::format(id.text(), context);
  }
};

template <class Kind>
struct std::hash<heretix::Id<Kind>> {
  std::size_t operator()(const heretix::Id<Kind>& id) const noexcept { return std::hash<std::string>{}(id.text()); }
};
