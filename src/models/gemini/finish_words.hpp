// Google's finish reasons.
#pragma once

#include "models/finish_word.hpp"

namespace heretix {

// FinishReason of its SDK (google-genai 3.6, types.py). FINISH_REASON_UNSPECIFIED is not here: it says nothing.
inline constexpr FinishWord kGeminiFinishReasons[] = {
    {"STOP", Ending::complete},
    {"MAX_TOKENS", Ending::length},
    {"CONTINUATION", Ending::length},
    {"SAFETY", Ending::filtered},
    {"RECITATION", Ending::filtered},
    {"LANGUAGE", Ending::filtered},
    {"OTHER", Ending::filtered},
    {"BLOCKLIST", Ending::filtered},
    {"PROHIBITED_CONTENT", Ending::filtered},
    {"SPII", Ending::filtered},
    {"ESCALATION", Ending::filtered},
    {"MODEL_ARMOR", Ending::filtered},
    {"IMAGE_SAFETY", Ending::filtered},
    {"IMAGE_PROHIBITED_CONTENT", Ending::filtered},
    {"IMAGE_RECITATION", Ending::filtered},
    {"IMAGE_OTHER", Ending::filtered},
    {"NO_IMAGE", Ending::filtered},
    {"MALFORMED_FUNCTION_CALL", Ending::tool_use},
    {"UNEXPECTED_TOOL_CALL", Ending::tool_use},
    {"TOO_MANY_TOOL_CALLS", Ending::tool_use},
    {"MALFORMED_RESPONSE", Ending::failed},
    {"MISSING_THOUGHT_SIGNATURE", Ending::failed},
    {"PUP_LIMITED_DISABLED", Ending::disabled},
};

}  // namespace heretix
