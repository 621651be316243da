// Turns Arrow's results into our errors.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include "base/error.hpp"

namespace heretix {

// Throws Error: unavailable for what a disk or a network refused, otherwise broken.
inline void require_ok(const arrow::Status& status) {
  if (status.ok()) return;
  const bool is_outside = status.IsIOError() || status.IsOutOfMemory();
  throw Error(is_outside ? ErrorKind::unavailable : ErrorKind::broken, status.message(),
              is_outside ? "what was published before is intact; run the same command again" : "");
}

template <class T>
T value_of(arrow::Result<T> result) {
  require_ok(result.status());
  return std::move(result).ValueUnsafe();
}

}  // namespace heretix
