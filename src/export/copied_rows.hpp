// Rows of a binary COPY that come nearly in order, put in order: a sort by the server costs as much as the export.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>

#include "export/copy_binary.hpp"
#include "store/postgres/postgres_database.hpp"

namespace heretix {

// A tuple whose first two fields are its time and its key.
class CopiedRow {
 public:
  CopiedRow() = default;
  // `tuple` lies in `bytes`. Throws Error{broken} for one that has not `count` fields.
  CopiedRow(CopiedBytes bytes, std::string_view tuple, std::size_t count);

  std::string_view key() const { return key_; }
  std::string_view fields() const { return fields_; }  // for CopiedRowReader
  bool operator<(const CopiedRow& other) const {
    return time_ != other.time_ ? time_ < other.time_ : key_ < other.key_;
  }

 private:
  CopiedBytes bytes_{nullptr, 0};
  std::int64_t time_ = 0;  // as the server counts; null before all
  std::string_view key_, fields_;
};

// Gives the smallest of the rows it holds: order is restored where no row lies further than `rows` from its place.
class Window {
 public:
  explicit Window(std::size_t rows) : most_(rows) {}
  bool is_full() const { return rows_.size() >= most_; }
  void push(CopiedRow row);
  bool pop(CopiedRow& row);                      // false: it is empty; `row` is what pop() gave before
  bool went_back() const { return went_back_; }  // whether the last row belonged before the one before it

 private:
  std::size_t most_;
  std::deque<CopiedRow> rows_;
  bool has_popped_ = false;
  bool went_back_ = false;
};

}  // namespace heretix
