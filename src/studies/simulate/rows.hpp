// Computes the rows of a study on several threads, each row on its own stream of random numbers.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/sha256.hpp"
#include "belief/estimate/rng.hpp"
#include "studies/simulate/study.hpp"

namespace heretix {

// Calls `row(cell, rng, options)`. The seed of a row follows from the seed of the study, its name and the row's number,
// so the number of threads does not matter. Rethrows the first exception of a row.
template <class Cell, class Row>
std::vector<StudyRow> in_parallel(const std::vector<Cell>& cells, const std::string& name, const StudyOptions& options,
                                  Row row) {
  std::vector<StudyRow> rows(cells.size());
  std::atomic<std::size_t> next{0};
  std::mutex telling;
  std::size_t done = 0;
  std::exception_ptr failed;
  const auto work = [&] {
    for (std::size_t i = next++; i < cells.size(); i = next++) {
      try {
        const std::uint64_t seed =
            first_eight_bytes(sha256(fmt::format("RPL-SIMULATE|{}|{}|{}", name, options.seed, i)));
        rows[i] = row(cells[i], Rng(seed), options);
      } catch (...) {
        const std::lock_guard lock(telling);
        if (!failed) failed = std::current_exception();
        next = cells.size();
      }
      const std::lock_guard lock(telling);
      options.progress(++done, cells.size());
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < options.threads; ++i) threads.emplace_back(work);
  work();
  threads.clear();
  if (failed) std::rethrow_exception(failed);
  return rows;
}

}  // namespace heretix
