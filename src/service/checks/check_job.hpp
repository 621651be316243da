// What the job of a check carries from the service that accepts it to the worker that runs it.
#pragma once

#include <string>

#include "measure/run_check.hpp"

namespace heretix {

// The plan that the service made when it accepted the check. The worker measures by this recipe, and refuses if the
// model or the bank that it has is no longer the one that was accepted.
struct AcceptedPlan {
  Recipe recipe;
  std::string bank_content_sha256;
};

struct CheckJob {
  std::string model;  // the name under which it was asked for
  CheckRequest request;
  std::optional<AcceptedPlan> accepted{};  // empty: the job of a build up to November 2026, which did not carry it
  std::string result_key{};                // the key under which its result may be used again; empty: it may not
  std::string depth{};                     // the word for its depth (intake.hpp); empty in a job of an earlier build
  std::int64_t most_micro_usd = 0;         // the most that the check may spend
};

// The job of a request that was planned so. `bank_content_sha256` is that of the bank in the form that is asked.
std::string to_json_text(const CheckJob& job, const Plan& plan, const std::string& bank_content_sha256);
CheckJob check_job_from(const std::string& json_text);  // throws Error{broken} for a text of any other form

// Whether a script plays the model of the check (docs/scripted.md). False for a job of an earlier build, which does not
// say it.
bool is_mock_job(const std::string& json_text);

// Throws Error{not_found} if the plan is of another model or another bank than the one that was accepted.
void require_as_accepted(const CheckJob& job, const PlannedCheck& planned);

}  // namespace heretix
