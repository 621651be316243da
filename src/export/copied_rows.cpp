#include "export/copied_rows.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace heretix {
CopiedRow::CopiedRow(CopiedBytes bytes, std::string_view tuple, std::size_t count) : bytes_(std::move(bytes)) {
  const CopiedKey key = read_copied_key(tuple, count);
  time_ = key.time.value_or(std::numeric_limits<std::int64_t>::min());
  key_ = key.key;
  fields_ = key.fields;
}

// Most rows belong at the end.
void Window::push(CopiedRow row) {
  const bool is_last = rows_.empty() || !(row < rows_.back());
  const auto place = is_last ? rows_.end() : std::upper_bound(rows_.begin(), rows_.end(), row);
  rows_.insert(place, std::move(row));
}

bool Window::pop(CopiedRow& row) {
  if (rows_.empty()) return false;
  went_back_ = std::exchange(has_popped_, true) && rows_.front() < row;
  row = std::move(rows_.front());
  rows_.pop_front();
  return true;
}

}  // namespace heretix
