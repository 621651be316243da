#include "models/llama/answer_form.hpp"

#include <fmt/format.h>

#include "belief/readout/parts.hpp"

namespace heretix {
namespace {

constexpr int kDecimals = 3;

// 0, 1, 1.0 and every decimal fraction of one to three digits.
std::vector<std::string> numbers() {
  std::vector<std::string> all = {"0", "1", "1.0"};
  for (int digits = 1, count = 10; digits <= kDecimals; ++digits, count *= 10) {
    for (int i = 0; i < count; ++i) all.push_back(fmt::format("0.{:0{}}", i, digits));
  }
  return all;
}

}  // namespace

AnswerForm::AnswerForm(const std::vector<std::vector<std::string>>& parts) {
  for (const auto& alternatives : parts) parts_.push_back(trie_of(alternatives));
}

AnswerForm AnswerForm::belief() {
  return AnswerForm(
      {{std::string(kAnswerOpening)},
       numbers(),
       {R"(,"label":")"},
       {"very_unlikely", "unlikely", "uncertain", "likely", "very_likely"},
       {R"("},"reasons":[],"assumptions":[],"uncertainties":[],"flags":{"refused":false,"off_topic":false}})"}});
}

AnswerForm AnswerForm::word() {
  return AnswerForm({{"True", "False", "true", "false", "TRUE", "FALSE", " True", " False", " true", " false"}});
}

AnswerForm::Trie AnswerForm::trie_of(const std::vector<std::string>& alternatives) {
  Trie trie(1);
  for (const std::string& text : alternatives) {
    std::size_t node = 0;
    for (const char byte : text) {
      const auto [found, fresh] = trie[node].next.try_emplace(byte, trie.size());
      node = found->second;
      if (fresh) trie.emplace_back();
    }
    trie[node].ends = true;
  }
  return trie;
}

// The end of an alternative that cannot go on is the start of the next part.
AnswerForm::Place AnswerForm::settled(Place place) const {
  while (place.part < parts_.size()) {
    const Node& node = parts_[place.part][place.node];
    if (!node.ends || !node.next.empty()) break;
    place = {place.part + 1, 0};
  }
  return place;
}

bool AnswerForm::is_done(Place place) const { return settled(place).part == parts_.size(); }

std::string AnswerForm::allowed(Place place) const {
  place = settled(place);
  std::string bytes;
  if (place.part == parts_.size()) return bytes;
  const Node& node = parts_[place.part][place.node];
  for (const auto& [byte, next] : node.next) bytes += byte;
  if (node.ends) bytes += allowed({place.part + 1, 0});
  return bytes;
}

std::optional<AnswerForm::Place> AnswerForm::after_byte(Place place, char byte) const {
  place = settled(place);
  if (place.part == parts_.size()) return std::nullopt;
  const Node& node = parts_[place.part][place.node];
  if (const auto found = node.next.find(byte); found != node.next.end()) return settled({place.part, found->second});
  return node.ends ? after_byte({place.part + 1, 0}, byte) : std::nullopt;
}

std::optional<AnswerForm::Place> AnswerForm::after(Place place, std::string_view bytes) const {
  for (const char byte : bytes) {
    const auto next = after_byte(place, byte);
    if (!next) return std::nullopt;
    place = *next;
  }
  return place;
}

AnswerForm::Forced AnswerForm::forced(Place place) const {
  Forced out{{}, settled(place)};
  for (std::string next = allowed(out.place); next.size() == 1; next = allowed(out.place)) {
    out.text += next;
    out.place = *after_byte(out.place, next[0]);
  }
  return out;
}

}  // namespace heretix
