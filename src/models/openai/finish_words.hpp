// The finish words of Chat Completions and Responses, by the servers that use them.
#pragma once

#include "models/finish_word.hpp"

namespace heretix {

// OpenAI's own: the type Choice of its SDK (openai 3.57, types/chat/chat_completion.py).
inline constexpr FinishWord kOpenAiFinishWords[] = {
    {"stop", Ending::complete},       {"length", Ending::length},          {"content_filter", Ending::filtered},
    {"tool_calls", Ending::tool_use}, {"function_call", Ending::tool_use},
};

// xAI's: FinishReason of its SDK (xai-sdk 1.21, proto/v6/sample.proto), as its REST API writes them and as its gRPC API
// names them.
inline constexpr FinishWord kXaiFinishWords[] = {
    {"stop", Ending::complete},
    {"end_turn", Ending::complete},
    {"length", Ending::length},
    {"max_len", Ending::length},
    {"max_context", Ending::length},
    {"tool_calls", Ending::tool_use},
    {"content_filter", Ending::filtered},
    {"time_limit", Ending::failed},
    {"invalid", Ending::failed},
    {"REASON_STOP", Ending::complete},
    {"REASON_MAX_LEN", Ending::length},
    {"REASON_MAX_CONTEXT", Ending::length},
    {"REASON_TOOL_CALLS", Ending::tool_use},
    {"REASON_TIME_LIMIT", Ending::failed},
    {"REASON_INVALID", Ending::failed},
};

// Every other server's. ChatCompletionChoice of mistralai 3.7 (stop, length, model_length, error, tool_calls); the
// words that LiteLLM 1.110 maps (litellm_core_utils/core_helpers.py), among them those of Anthropic, Cohere, Hugging
// Face, Gemini, Bedrock and Zhipu behind gateways that hand them through; those of vLLM, SGLang and DeepSeek.
inline constexpr FinishWord kCompatibleFinishWords[] = {
    {"stop", Ending::complete},
    {"end_turn", Ending::complete},
    {"stop_sequence", Ending::complete},
    {"eos", Ending::complete},
    {"eos_token", Ending::complete},
    {"complete", Ending::complete},
    {"length", Ending::length},
    {"model_length", Ending::length},
    {"max_tokens", Ending::length},
    {"max_length", Ending::length},
    {"max_context", Ending::length},
    {"model_context_window_exceeded", Ending::length},
    {"compaction", Ending::length},
    {"continuation", Ending::length},
    {"refusal", Ending::refused},
    {"content_filter", Ending::filtered},
    {"content_filtered", Ending::filtered},
    {"sensitive", Ending::filtered},
    {"guardrail_intervened", Ending::filtered},
    {"error_toxic", Ending::filtered},
    {"safety", Ending::filtered},
    {"recitation", Ending::filtered},
    {"language", Ending::filtered},
    {"other", Ending::filtered},
    {"blocklist", Ending::filtered},
    {"prohibited_content", Ending::filtered},
    {"spii", Ending::filtered},
    {"escalation", Ending::filtered},
    {"model_armor", Ending::filtered},
    {"tool_calls", Ending::tool_use},
    {"tool_call", Ending::tool_use},
    {"tool_use", Ending::tool_use},
    {"function_call", Ending::tool_use},
    {"pause_turn", Ending::tool_use},
    {"malformed_function_call", Ending::tool_use},
    {"unexpected_tool_call", Ending::tool_use},
    {"too_many_tool_calls", Ending::tool_use},
    {"malformed_tool_use", Ending::tool_use},
    {"error", Ending::failed},
    {"abort", Ending::failed},
    {"insufficient_system_resource", Ending::failed},
    {"network_error", Ending::failed},
    {"time_limit", Ending::failed},
    {"timeout", Ending::failed},
    {"repetition", Ending::failed},
    {"malformed_response", Ending::failed},
    {"malformed_model_output", Ending::failed},
    {"missing_thought_signature", Ending::failed},
    {"pup_limited_disabled", Ending::disabled},
};

// Responses: its `status` (types/responses/response_status.py), and where that is incomplete the reason
// (IncompleteDetails in types/responses/response.py), which stands in its place.
inline constexpr FinishWord kResponseStatuses[] = {
    {"completed", Ending::complete},      {"failed", Ending::failed},         {"queued", Ending::failed},
    {"in_progress", Ending::failed},      {"cancelled", Ending::failed},      {"max_output_tokens", Ending::length},
    {"content_filter", Ending::filtered}, {"max_messages", Ending::tool_use}, {"steered", Ending::tool_use},
};

}  // namespace heretix
