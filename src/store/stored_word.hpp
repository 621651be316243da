// Reads a word of a closed set from a row, as the value of the enum that it stands for.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/stored_word.hpp"
#include "base/word_table.hpp"
#include "store/database.hpp"

namespace heretix {

// Throws Error{broken} naming table, column and word for a word that `words` lacks. Another program or a newer version
// wrote it, and its row must not be taken for something else. Throws Error{broken} for NULL too.
template <class Enum, std::size_t N>
Enum stored_as(const Row& row, std::string_view table, std::string_view column, const WordTable<Enum, N>& words) {
  const std::string word = row.required_text(column);
  return require_known(words.value(word), fmt::format("{}.{}", table, column), word);
}

}  // namespace heretix
