// What the job of a check carries, from who accepts it to who runs it.
#pragma once

#include <string>

#include "measure/run_check.hpp"

namespace heretix {

struct CheckJob {
  std::string model;  // as it was asked for
  CheckRequest request;
  std::string result_key{};         // under which its result may serve others; empty: it may not
  std::int64_t most_micro_usd = 0;  // that it may spend
};

std::string to_json_text(const CheckJob& job);
CheckJob check_job_from(const std::string& json_text);  // throws Error{broken} for what is no such text

}  // namespace heretix
