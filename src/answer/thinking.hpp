// Where a model's thinking ends and its answer begins, by the marks that models put around their thinking.
//
// A model thinks aloud between two marks, and the chat template often writes the first of them itself, so that only the
// closing one stands in the text. What lies before the last closing mark was thought, not said (docs/answers.md).
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace heretix {

// What was said after thinking; empty where the thinking never ends. `text` is no JSON as a whole. `answers` are the
// stretches of it that are answers by their form: a mark inside one of them is quoted there. Linear in the text.
std::optional<std::string_view> after_thinking(std::string_view text, std::span<const std::string_view> answers);

// Whether any mark of thinking stands in it; without one nothing has to be cut.
bool has_thinking_marks(std::string_view text);

// By the rules of version 1: only sections that lead, in angle brackets, up to the first closing tag of the same name.
std::optional<std::string_view> after_leading_thinking(std::string_view text);

}  // namespace heretix
