// Rendering a Jinja template with llama.cpp's own engine, the texts that people and models wrote kept apart.
#pragma once

#include <jinja/runtime.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "models/llama/chat_prompt.hpp"

namespace heretix {

// A string that the template may move about but that stays marked as input.
jinja::value input_text(const std::string& text);

// Renders `source` with what `fill` sets. A template that asks for the time gets noon of `day`, wherever the machine
// stands, so that a prompt stays the same all day. Throws whatever the engine throws for a template that it cannot read
// or that raises an error itself.
std::vector<PromptPart> rendered_parts(const std::string& source, std::chrono::sys_days day,
                                       const std::function<void(jinja::context&)>& fill);

}  // namespace heretix
