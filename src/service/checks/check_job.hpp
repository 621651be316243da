// What the job of a check carries from the service that accepts it to the worker that runs it.
#pragma once

#include <string>

#include "measure/run_check.hpp"

namespace heretix {

struct CheckJob {
  std::string model;  // the name under which it was asked for
  CheckRequest request;
  std::string result_key{};         // the key under which its result may be used again; empty: it may not
  std::int64_t most_micro_usd = 0;  // the most that the check may spend
};

std::string to_json_text(const CheckJob& job);
CheckJob check_job_from(const std::string& json_text);  // throws Error{broken} for a text of any other form

}  // namespace heretix
