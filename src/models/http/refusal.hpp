// Which part of a request the server does not accept, according to its error: an optional parameter (left out from then
// on), one value of it (the person chooses another), or a way of asking for which there is another (docs/models.md has
// the order). Pure.
//
// Every server words this in its own way, so the words of real servers are searched for: OpenAI, Azure, Anthropic,
// Google, xAI, Mistral, DeepSeek, Groq, vLLM, SGLang, llama.cpp, Ollama, LM Studio and LiteLLM.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/http/provider_error.hpp"
#include "models/http/wire.hpp"

namespace heretix {

enum class RefusedKind {
  nothing,    // that could be left out or done otherwise
  parameter,  // optional; the model takes no value of it
  value,      // of an optional parameter that takes others
  way,        // of asking: the form, the name of the limit, or the place of the system text
};

struct Refused {
  RefusedKind kind = RefusedKind::nothing;
  std::string parameter{};  // "temperature", "reasoning", "logprobs"; or a way: "form", "limit", "system"
  std::string value{};      // that was sent
  std::string allowed{};    // with `value`: what the server says it takes, where it says so
};

Refused read_refusal(const ProviderError& error, const OptionalParameters& sent, const AskingWay& way,
                     const Wire& wire);

// The optional parameters that are sent, by name, in the order of their names.
struct SentParameter {
  std::string name;
  std::string value;
};
std::vector<SentParameter> sent_parameters(const OptionalParameters& sent);

// "name=value;name=value" of all of them but the one named.
std::string sent_beside(const OptionalParameters& sent, std::string_view name);

}  // namespace heretix
