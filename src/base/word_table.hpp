// The words by which the values of an enum are stored and shown: one table for both ways.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace heretix {

// Every value stands in the table once, and so does every word.
template <class Enum, std::size_t N>
class WordTable {
 public:
  constexpr explicit WordTable(const std::pair<Enum, std::string_view> (&words)[N]) {
    std::ranges::copy(words, words_.begin());
  }

  // Throws std::logic_error for a value that the table lacks, which is a bug.
  constexpr std::string_view word(Enum value) const {
    const auto found = std::ranges::find(words_, value, &std::pair<Enum, std::string_view>::first);
    if (found == words_.end()) throw std::logic_error("an enum value without a word");
    return found->second;
  }

  // Empty for a word that the table lacks: it must never be taken for another one.
  constexpr std::optional<Enum> value(std::string_view word) const {
    const auto found = std::ranges::find(words_, word, &std::pair<Enum, std::string_view>::second);
    return found == words_.end() ? std::nullopt : std::optional(found->first);
  }

  constexpr const std::array<std::pair<Enum, std::string_view>, N>& all() const { return words_; }

 private:
  std::array<std::pair<Enum, std::string_view>, N> words_{};
};

}  // namespace heretix
