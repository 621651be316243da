#include "base/strict_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

using nlohmann::json;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_from(std::string_view s, std::size_t at) {
  std::size_t end = at;
  while (end < s.size() && is_digit(s[end])) ++end;
  return end - at;
}

// number = [ minus ] int [ frac ] [ exp ]  (RFC 8259, section 6)
bool is_json_number(std::string_view s) {
  std::size_t at = s.starts_with('-') ? 1 : 0;
  const std::size_t whole = digits_from(s, at);
  if (whole == 0 || (whole > 1 && s[at] == '0')) return false;
  at += whole;
  if (at < s.size() && s[at] == '.') {
    const std::size_t fraction = digits_from(s, at + 1);
    if (fraction == 0) return false;
    at += 1 + fraction;
  }
  if (at < s.size() && (s[at] == 'e' || s[at] == 'E')) {
    ++at;
    if (at < s.size() && (s[at] == '+' || s[at] == '-')) ++at;
    const std::size_t exponent = digits_from(s, at);
    if (exponent == 0) return false;
    at += exponent;
  }
  return at == s.size();
}

std::size_t end_of_string(std::string_view text, std::size_t quote) {
  for (std::size_t i = quote + 1; i < text.size(); ++i) {
    if (text[i] == '\\') ++i;
    else if (text[i] == '"') return i + 1;
  }
  return text.size();
}

// The library refuses numbers beyond a double's range as a syntax error; by our rules they are numbers.
std::string with_numbers_in_range(std::string_view text) {
  constexpr std::string_view kNumberCharacters = "+-.eE0123456789";
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    if (text[i] == '"') end = end_of_string(text, i);
    if (text[i] == '-' || is_digit(text[i])) end = std::min(text.find_first_not_of(kNumberCharacters, i), text.size());
    const std::string token(text.substr(i, end - i));
    const bool overflows = token[0] != '"' && is_json_number(token) && std::isinf(std::strtod(token.c_str(), nullptr));
    out += overflows ? (token[0] == '-' ? "-1e308" : "1e308") : token;
    i = end;
  }
  return out;
}

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
  return "/" + replaced(replaced(key, {"~", "~0"}), {"/", "~1"});  // RFC 6901
}

// The escape that has no partner, as it was written: the last one that the parser read.
std::string lone_surrogate_in(const std::string& last_read) {
  for (std::size_t at = last_read.rfind("\\u"); at != std::string::npos && at > 0;
       at = last_read.rfind("\\u", at - 1)) {
    std::string escape = last_read.substr(at, 6);
    const std::string digits = to_lower_ascii(escape).substr(2);
    if (digits >= "d800" && digits <= "dfff") return escape;
  }
  return "\\u";
}

// What nlohmann's parser says of a syntax error, and the text that it had read last.
struct ParserComplaint {
  std::string what;
  std::string last_read;
};

std::string reason_of(const ParserComplaint& complaint) {
  const auto& [what, last_read] = complaint;
  if (what.find("surrogate") != std::string::npos) {
    return fmt::format("{} is half of a surrogate pair, and its other half is missing",
                       on_one_line(lone_surrogate_in(last_read)));
  }
  const std::size_t reason = what.find(" - ");
  return "not JSON: " + shortened(on_one_line(reason == std::string::npos ? what : what.substr(reason + 3)), 120);
}

constexpr int kNumberOverflow = 406;  // the library's own number for it

// Builds the value as nlohmann's parser meets its parts. A repeated key or too great a depth is noted while the parser
// goes on, so that a syntax error behind it still counts.
class Reader final : public json::json_sax_t {
 public:
  struct Flaw {
    std::size_t offset;
    std::string what;
  };

  Reader(int deepest, json& root, Numbers numbers = Numbers::as_values)
      : deepest_(deepest), root_(root), numbers_(numbers) {}

  bool read(std::string_view text) { return json::sax_parse(text, this); }

  // Notes where each part stands, which costs more time than reading does.
  bool read_with_places(const std::string& text, std::map<std::string, std::size_t>& offsets) {
    text_ = &text;
    offsets_ = &offsets;
    const char* end = text.data() + text.size();
    return json::sax_parse(WatchedIterator(text.data(), &read_), WatchedIterator(end, &read_), this);
  }

  JsonFault fault() const {
    if (repeated_key_) return JsonFault::duplicate_key;
    return is_too_deep_ ? JsonFault::too_deep : JsonFault::none;
  }
  const std::optional<Flaw>& repeated_key() const { return repeated_key_; }
  const Flaw& syntax_error() const { return syntax_error_; }
  bool number_overflows() const { return number_overflows_; }

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(number_integer_t value) override { return add_number(value, std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override { return add_number(value, std::to_string(value)); }
  bool number_float(number_float_t value, const string_t& literal) override { return add_number(value, literal); }
  bool string(string_t& value) override { return add(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // JSON has none

  bool start_object(std::size_t) override { return open(json::object()); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    if (is_ignored()) return true;
    Level& level = levels_.back();
    level.key_offset = opening_quote();
    if (level.value->contains(name) && !repeated_key_)
      repeated_key_ = {level.key_offset, fmt::format("field '{}' is given twice", on_one_line(shortened(name, 40)))};
    level.key = std::move(name);
    return true;
  }

  bool parse_error(std::size_t, const std::string& last_read, const json::exception& e) override {
    syntax_error_ = {last(), reason_of({.what = e.what(), .last_read = last_read})};
    number_overflows_ = e.id == kNumberOverflow;
    return false;
  }

 private:
  struct Level {
    json* value;
    std::string pointer;
    std::string key{};
    std::size_t key_offset = 0;
  };

  // What lies too deep is only looked at for its syntax.
  bool is_ignored() const { return depth_ > deepest_; }

  std::size_t last() const { return read_ == 0 ? 0 : read_ - 1; }

  // Of the text that ends at the last character read.
  std::size_t opening_quote() const {
    if (text_ == nullptr) return 0;
    std::size_t at = last();
    do at = text_->rfind('"', at - 1);
    while (is_escaped(at));
    return at;
  }
  bool is_escaped(std::size_t at) const {
    std::size_t backslashes = 0;
    while (backslashes < at && (*text_)[at - 1 - backslashes] == '\\') ++backslashes;
    return backslashes % 2 == 1;
  }

  json& place(json&& value) {
    if (levels_.empty()) return root_ = std::move(value);
    Level& level = levels_.back();
    if (!level.value->is_array()) return (*level.value)[level.key] = std::move(value);
    level.value->push_back(std::move(value));
    return level.value->back();
  }

  // Of the value placed last, whose text began there; nothing where nobody asks for places.
  std::string noted_pointer(std::size_t offset) {
    if (offsets_ == nullptr || levels_.empty()) return {};
    const Level& level = levels_.back();
    const bool is_in_list = level.value->is_array();
    std::string pointer = level.pointer + (is_in_list ? fmt::format("/{}", level.value->size() - 1) : step(level.key));
    offsets_->insert_or_assign(pointer, is_in_list ? offset : level.key_offset);
    return pointer;
  }

  bool add_number(json value, const std::string& literal) {
    return add(numbers_ == Numbers::as_written ? json(literal) : std::move(value));
  }
  bool add(json value) {
    if (is_ignored()) return true;
    const std::size_t offset = value.is_string() ? opening_quote() : last();
    place(std::move(value));
    noted_pointer(offset);
    return true;
  }
  bool open(json value) {
    if (++depth_ > deepest_) is_too_deep_ = true;
    if (is_ignored()) return true;
    json* placed = &place(std::move(value));
    levels_.push_back({.value = placed, .pointer = noted_pointer(last())});
    return true;
  }
  bool close() {
    if (!is_ignored()) levels_.pop_back();
    --depth_;
    return true;
  }

  const int deepest_;
  json& root_;
  const Numbers numbers_;
  const std::string* text_ = nullptr;  // with places only, as the next two
  std::map<std::string, std::size_t>* offsets_ = nullptr;
  std::size_t read_ = 0;

  std::vector<Level> levels_;
  int depth_ = 0;
  bool is_too_deep_ = false;
  bool number_overflows_ = false;
  std::optional<Flaw> repeated_key_;
  Flaw syntax_error_{};
};

// Whether a JSON text can begin so; most prose cannot.
bool may_be_json(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kWhiteSpace);
  return begin != std::string_view::npos &&
         std::string_view("{[\"-0123456789tfn").find(text[begin]) != std::string_view::npos;
}

}  // namespace

JsonFault parse_strict(std::string_view text, int deepest, json& value, Numbers numbers) {
  // Two things that the library lets pass: a byte order mark, and a NUL taken for the end.
  if (!may_be_json(text) || text.find('\0') != std::string_view::npos) return JsonFault::syntax;

  json read;
  Reader reader(deepest, read, numbers);
  JsonFault fault = reader.read(text) ? reader.fault() : JsonFault::syntax;
  if (reader.number_overflows()) {
    Reader again(deepest, read, numbers);
    fault = again.read(with_numbers_in_range(text)) ? again.fault() : JsonFault::syntax;
  }

  if (fault == JsonFault::none) value = std::move(read);
  return fault;
}

PlacedJson::PlacedJson(std::string_view text, std::string source, std::string hint, std::size_t first_line)
    : text_(utf8_text(text, source)), source_(std::move(source)), hint_(std::move(hint)), first_line_(first_line) {
  Reader reader(std::numeric_limits<int>::max(), root_);
  const bool is_json = reader.read_with_places(text_, offsets_);
  if (const auto& repeated = reader.repeated_key()) refuse_at(place_at(repeated->offset), repeated->what);
  if (!is_json) refuse_at(place_at(reader.syntax_error().offset), reader.syntax_error().what);
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

bool is_nested_deeper(std::string_view text, int most) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      else if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > most) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace heretix
