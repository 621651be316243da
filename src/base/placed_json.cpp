#include "base/placed_json.hpp"

#include <fmt/format.h>

#include <iterator>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

using nlohmann::json;

// Tells how far the parser has read: nlohmann's events carry no position.
class WatchedIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  WatchedIterator(const char* at, std::size_t* read) : at_(at), read_(read) {}

  reference operator*() const { return *at_; }
  WatchedIterator& operator++() {
    ++at_;
    ++*read_;
    return *this;
  }
  WatchedIterator operator++(int) {
    WatchedIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const WatchedIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  std::size_t* read_;
};

std::string step(const std::string& key) {
  return "/" + replaced(replaced(key, "~", "~0"), "/", "~1");  // RFC 6901
}

// The escape that has no partner, as it was written: the last one that the parser read.
std::string lone_surrogate_in(const std::string& last_read) {
  for (std::size_t at = last_read.rfind("\\u"); at != std::string::npos && at > 0;
       at = last_read.rfind("\\u", at - 1)) {
    const std::string escape = last_read.substr(at, 6);
    const std::string digits = to_lower_ascii(escape).substr(2);
    if (digits >= "d800" && digits <= "dfff") return escape;
  }
  return "\\u";
}

std::string reason_of(const std::string& what, const std::string& last_read) {
  if (what.find("surrogate") != std::string::npos) {
    return fmt::format("{} is half of a surrogate pair, and its other half is missing",
                       on_one_line(lone_surrogate_in(last_read)));
  }
  const std::size_t reason = what.find(" - ");
  return "not JSON: " + shortened(on_one_line(reason == std::string::npos ? what : what.substr(reason + 3)), 120);
}

// Builds the value, and notes where each part of it stands.
class Builder : public nlohmann::json_sax<json> {
 public:
  struct Fault {
    std::size_t offset;
    std::string what;
  };

  Builder(const std::string& text, json& root, std::map<std::string, std::size_t>& offsets)
      : text_(text), root_(root), offsets_(offsets) {}

  bool build() {
    const char* end = text_.data() + text_.size();
    return json::sax_parse(WatchedIterator(text_.data(), &read_), WatchedIterator(end, &read_), this);
  }
  const Fault& fault() const { return fault_; }

  bool null() override { return add(nullptr, last()); }
  bool boolean(bool value) override { return add(value, last()); }
  bool number_integer(number_integer_t value) override { return add(value, last()); }
  bool number_unsigned(number_unsigned_t value) override { return add(value, last()); }
  bool number_float(number_float_t value, const string_t&) override { return add(value, last()); }
  bool string(string_t& value) override { return add(std::move(value), opening_quote()); }
  bool binary(binary_t&) override { return false; }  // JSON has none

  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    Level& level = levels_.back();
    level.key = name;
    level.key_offset = opening_quote();
    if (!level.value->contains(name)) return true;
    fault_ = {level.key_offset, fmt::format("field '{}' is given twice", on_one_line(shortened(name, 40)))};
    return false;
  }

  bool parse_error(std::size_t, const std::string& last_read, const json::exception& e) override {
    fault_ = {last(), reason_of(e.what(), last_read)};
    return false;
  }

 private:
  struct Level {
    json* value;
    std::string pointer;
    std::string key{};
    std::size_t key_offset = 0;
  };

  std::size_t last() const { return read_ == 0 ? 0 : read_ - 1; }

  // Of the text that ends at the last character read.
  std::size_t opening_quote() const {
    std::size_t at = last();
    do at = text_.rfind('"', at - 1);
    while (is_escaped(at));
    return at;
  }
  bool is_escaped(std::size_t at) const {
    std::size_t backslashes = 0;
    while (backslashes < at && text_[at - 1 - backslashes] == '\\') ++backslashes;
    return backslashes % 2 == 1;
  }

  json* place(json&& value, std::size_t offset, std::string& pointer) {
    if (levels_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Level& level = levels_.back();
    if (level.value->is_array()) {
      pointer = fmt::format("{}/{}", level.pointer, level.value->size());
      offsets_[pointer] = offset;
      level.value->push_back(std::move(value));
      return &level.value->back();
    }
    pointer = level.pointer + step(level.key);
    offsets_[pointer] = level.key_offset;
    return &((*level.value)[level.key] = std::move(value));
  }

  bool add(json value, std::size_t offset) {
    std::string pointer;
    place(std::move(value), offset, pointer);
    return true;
  }
  bool open(json value) {
    std::string pointer;
    json* placed = place(std::move(value), last(), pointer);
    levels_.push_back({.value = placed, .pointer = std::move(pointer)});
    return true;
  }
  bool close() {
    levels_.pop_back();
    return true;
  }

  const std::string& text_;
  json& root_;
  std::map<std::string, std::size_t>& offsets_;
  std::size_t read_ = 0;
  std::vector<Level> levels_;
  Fault fault_{};
};

}  // namespace

PlacedJson::PlacedJson(std::string_view text, std::string source, std::string hint, std::size_t first_line)
    : text_(utf8_text(text, source)), source_(std::move(source)), hint_(std::move(hint)), first_line_(first_line) {
  Builder builder(text_, root_, offsets_);
  if (!builder.build()) refuse_at(place_at(builder.fault().offset), builder.fault().what);
}

TextPlace PlacedJson::place_at(std::size_t offset) const {
  TextPlace place = place_in(text_, offset);
  place.line += first_line_ - 1;
  return place;
}

TextPlace PlacedJson::place_of(std::string pointer) const {
  while (!pointer.empty() && !offsets_.contains(pointer)) pointer.resize(pointer.rfind('/'));
  return place_at(pointer.empty() ? 0 : offsets_.at(pointer));
}

void PlacedJson::refuse(const std::string& pointer, const std::string& what) const {
  refuse_at(place_of(pointer), what);
}

void PlacedJson::refuse_at(const TextPlace& place, const std::string& what) const {
  throw Error(ErrorKind::bad_input, fmt::format("{}:{}:{}: {}", source_, place.line, place.column, what), hint_);
}

}  // namespace heretix
