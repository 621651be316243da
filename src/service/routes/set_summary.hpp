// What a set says as a whole: the atlas of its results (studies/atlas), without the matrix, which the page has already.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "service/sets/set_store.hpp"

namespace heretix::http {

// The wordings of the bank by which a model is asked.
struct AskedWordings {
  std::string version;             // of the bank
  std::vector<std::string> texts;  // by place
};

// `wordings`: by model of the set; results that were asked by another version of the bank are left out where wordings
// are weighed. Null if nothing has been measured yet.
nlohmann::json set_summary(const ServedSet& set, const std::vector<SetClaim>& claims,
                           const std::vector<SetResult>& results, const std::vector<AskedWordings>& wordings);

}  // namespace heretix::http
