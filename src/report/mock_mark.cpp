#include "report/mock_mark.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace heretix {

bool is_mock(const Record& record) { return record.plan.recipe.mode.is_mock(); }

std::string shown_model(const ModelName& model, bool is_mock) {
  return is_mock ? fmt::format("{} ({})", model, kMockWord) : model.text();
}

std::string shown_model(const Record& record) { return shown_model(record.plan.recipe.model, is_mock(record)); }

std::string_view mock_notice(const std::vector<Record>& records) {
  const auto mock = std::ranges::count_if(records, [](const Record& record) { return is_mock(record); });
  if (mock == 0) return {};
  return mock == std::ssize(records) ? kMockNotice : kSomeMockNotice;
}

}  // namespace heretix
