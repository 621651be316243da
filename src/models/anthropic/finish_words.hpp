// Anthropic's stop reasons.
#pragma once

#include "models/finish_word.hpp"

namespace heretix {

// StopReason and BetaStopReason of its SDK (anthropic 2.14, types/stop_reason.py, types/beta/beta_stop_reason.py).
inline constexpr FinishWord kClaudeStopReasons[] = {
    {"end_turn", Ending::complete}, {"stop_sequence", Ending::complete},
    {"max_tokens", Ending::length}, {"model_context_window_exceeded", Ending::length},
    {"compaction", Ending::length}, {"refusal", Ending::refused},
    {"tool_use", Ending::tool_use}, {"pause_turn", Ending::tool_use},
};

}  // namespace heretix
