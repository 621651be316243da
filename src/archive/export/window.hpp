// Puts rows in order that come nearly in order, because a sort by the store costs as much as the export.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <utility>

namespace heretix {

inline constexpr std::size_t kWindowRows = 4096;  // a few megabytes

// Gives the smallest of the rows that it holds, so order is restored if no row lies further than `rows` from its place.
// Rows must have operator<.
template <class Row>
class Window {
 public:
  explicit Window(std::size_t rows = kWindowRows) : most_(rows) {}
  bool is_full() const { return rows_.size() >= most_; }

  // Most rows belong at the end, which is tried first.
  void push(Row row) {
    const bool is_last = rows_.empty() || !(row < rows_.back());
    rows_.insert(is_last ? rows_.end() : std::upper_bound(rows_.begin(), rows_.end(), row), std::move(row));
  }

  // Returns false if the window is empty. `row` must be what pop() gave before; it is given away.
  bool pop(Row& row) {
    if (rows_.empty()) return false;
    went_back_ = std::exchange(has_popped_, true) && rows_.front() < row;
    std::swap(row, rows_.front());
    rows_.pop_front();
    return true;
  }
  bool went_back() const { return went_back_; }  // whether the last row belonged before the one before it

 private:
  std::size_t most_;
  std::deque<Row> rows_;
  bool has_popped_ = false;
  bool went_back_ = false;
};

}  // namespace heretix
