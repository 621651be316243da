#include "archive/export/copied_rows.hpp"

#include <limits>
#include <utility>

namespace heretix {

CopiedRow::CopiedRow(CopiedBytes bytes, std::string_view tuple, std::size_t count) : bytes_(std::move(bytes)) {
  const CopiedKey key = read_copied_key(tuple, count);
  time_ = key.time.value_or(std::numeric_limits<std::int64_t>::min());
  key_ = key.key;
  fields_ = key.fields;
}

}  // namespace heretix
