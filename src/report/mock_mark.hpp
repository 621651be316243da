// How mock numbers are marked wherever people see them, so that they never pass as a model's (docs/scripted.md). Pure.
#pragma once

#include <string>
#include <string_view>

#include "belief/record/record.hpp"

namespace heretix {

inline constexpr std::string_view kMockWord = "mock";
// Above everything that shows mock numbers.
inline constexpr std::string_view kMockNotice =
    "MOCK NUMBERS: a script answered in the model's place; no model was asked.";
// Above results of which only some are mock.
inline constexpr std::string_view kSomeMockNotice =
    "Some of these are MOCK NUMBERS, marked (mock): there a script answered in the model's place.";

bool is_mock(const Record& record);

// "openai/gpt-5", or "openai/gpt-5 (mock)" if a script answered in its name.
std::string shown_model(const ModelName& model, bool is_mock);
std::string shown_model(const Record& record);

// The notice that belongs above these records; empty if models answered all of them.
std::string_view mock_notice(const std::vector<Record>& records);

}  // namespace heretix
