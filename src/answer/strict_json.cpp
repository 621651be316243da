#include "answer/strict_json.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "answer/verdict.hpp"

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
  constexpr std::string_view number_characters = "+-.eE0123456789";
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    if (text[i] == '"') end = end_of_string(text, i);
    if (text[i] == '-' || is_digit(text[i])) end = std::min(text.find_first_not_of(number_characters, i), text.size());
    const std::string token(text.substr(i, end - i));
    const bool overflows = token[0] != '"' && is_json_number(token) && std::isinf(std::strtod(token.c_str(), nullptr));
    out += overflows ? (token[0] == '-' ? "-1e308" : "1e308") : token;
    i = end;
  }
  return out;
}

constexpr int kNumberOverflow = 406;  // the library's own number for it

// Notes duplicate keys and depth while the parser goes on, so that a syntax error behind them still counts.
class FaultFinder final : public json::json_sax_t {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t) override { return enter(); }
  bool end_array() override { return leave(); }
  bool key(string_t& name) override {
    if (depth() <= kMaxAnswerDepth && !keys_.back().insert(name).second) has_duplicate_ = true;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& e) override {
    number_overflows_ = e.id == kNumberOverflow;
    return false;
  }

  bool number_overflows() const { return number_overflows_; }

  JsonFault fault() const {
    if (has_duplicate_) return JsonFault::duplicate_key;
    return too_deep_ ? JsonFault::too_deep : JsonFault::none;
  }

 private:
  int depth() const { return static_cast<int>(keys_.size()); }
  bool enter() {
    keys_.emplace_back();
    too_deep_ |= depth() > kMaxAnswerDepth;
    return true;
  }
  bool leave() {
    keys_.pop_back();
    return true;
  }
  std::vector<std::set<std::string>> keys_;
  bool has_duplicate_ = false;
  bool too_deep_ = false;
  bool number_overflows_ = false;
};

}  // namespace

namespace {

// Whether a JSON text can begin so; most prose cannot.
bool may_be_json(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos &&
         std::string_view("{[\"-0123456789tfn").find(text[begin]) != std::string_view::npos;
}

}  // namespace

JsonFault parse_strict(std::string_view text, json& value) {
  // Two things that the library lets pass: a byte order mark, and a NUL taken for the end.
  if (!may_be_json(text) || text.find('\0') != std::string_view::npos) return JsonFault::syntax;

  FaultFinder finder;
  if (json::sax_parse(text, &finder)) {
    if (finder.fault() == JsonFault::none) value = json::parse(text);
    return finder.fault();
  }
  if (!finder.number_overflows()) return JsonFault::syntax;

  const std::string tame = with_numbers_in_range(text);
  FaultFinder again;
  if (!json::sax_parse(tame, &again)) return JsonFault::syntax;
  if (again.fault() == JsonFault::none) value = json::parse(tame);
  return again.fault();
}

}  // namespace heretix
