// Rows of a binary COPY, each with the values that it is ordered by.
#pragma once

#include <cstdint>
#include <string_view>

#include "archive/export/copy_binary.hpp"
#include "store/postgres/postgres_database.hpp"

namespace heretix {

// A tuple whose first two fields are its time and its key.
class CopiedRow {
 public:
  CopiedRow() = default;
  // `tuple` lies in `bytes`. Throws Error{broken} if it does not have `count` fields.
  CopiedRow(CopiedBytes bytes, std::string_view tuple, std::size_t count);

  std::string_view key() const { return key_; }
  std::string_view fields() const { return fields_; }  // for CopiedRowReader
  bool operator<(const CopiedRow& other) const {
    return time_ != other.time_ ? time_ < other.time_ : key_ < other.key_;
  }

 private:
  CopiedBytes bytes_{nullptr, 0};
  std::int64_t time_ = 0;  // as the server counts it; null comes first
  std::string_view key_, fields_;
};

}  // namespace heretix
