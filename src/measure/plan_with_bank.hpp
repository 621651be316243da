// Planning a check whose bank is in no file, because it was made for this check.
#pragma once

#include "measure/run_check.hpp"

namespace heretix {

// As plan_check() does it, with this bank in place of the one that the request names.
PlannedCheck plan_with_bank(const CheckRequest& request, const PromptBank& bank, Provider& provider, RunStore& runs,
                            const std::optional<ExecutionId>& execution_id = std::nullopt);

}  // namespace heretix
