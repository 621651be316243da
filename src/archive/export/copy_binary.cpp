#include "archive/export/copy_binary.hpp"

#include <endian.h>
#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "archive/export/month.hpp"
#include "base/error.hpp"

namespace heretix {
namespace {

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr std::size_t kHeaderBytes = 19;                     // signature, flags, length of the extension
constexpr std::int64_t kMicrosTo2000 = 946'684'800'000'000;  // from 1970
constexpr std::int64_t kDaysTo2000 = 10'957;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::broken, "the server's binary COPY is not as expected: " + what, "run the same command again");
}

[[noreturn]] void refuse_type(const CopiedField& field, const std::string& found) {
  throw Error(ErrorKind::bad_input, fmt::format("{} has {}: the column has another type", field.column, found),
              "heretix db check lists what differs; give the column its type back, then export again");
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  if (bytes.size() == sizeof value) {
    std::memcpy(&value, bytes.data(), sizeof value);
    return be64toh(value);
  }
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

class TupleReader {
 public:
  explicit TupleReader(std::string_view tuple) : left_(tuple) {}
  std::string_view take(std::size_t size) {
    if (left_.size() < size) refuse("a tuple ends early");
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(size);
    return taken;
  }
  std::int64_t number(std::size_t size) {
    const std::uint64_t value = big_endian(take(size));
    const int unused = static_cast<int>(64 - 8 * size);
    return static_cast<std::int64_t>(value << unused) >> unused;
  }
  // Empty: null.
  std::optional<std::string_view> field() {
    const std::int64_t size = number(4);
    if (size < -1) refuse("a field of negative length");
    return size < 0 ? std::nullopt : std::optional(take(static_cast<std::size_t>(size)));
  }
  std::string_view left() const { return left_; }

 private:
  std::string_view left_;
};

std::int64_t require_time(std::int64_t since_2000, std::int64_t micros_per_unit, std::int64_t to_2000) {
  constexpr std::int64_t kLongest = 300'000'000'000'000'000;  // 9,500 years: what adding can never overflow
  const bool far = since_2000 > kLongest / micros_per_unit || since_2000 < -kLongest / micros_per_unit;
  if (far || !is_representable((since_2000 + to_2000) * micros_per_unit))
    throw Error(ErrorKind::bad_input, "a time is infinite or outside the years 1 to 9999, which no reader could hold",
                "correct it in the database");
  return since_2000 + to_2000;
}

Cell cell_from(std::string_view bytes, const CopiedField& field) {
  if (field.type == ColumnType::text) return Cell::of(bytes);
  if (bytes.size() != 1 && bytes.size() != 2 && bytes.size() != 4 && bytes.size() != 8)
    refuse_type(field, fmt::format("a number of {} bytes", bytes.size()));
  const std::int64_t number = TupleReader(bytes).number(bytes.size());
  switch (field.type) {
    case ColumnType::real:
      if (bytes.size() != 8) refuse_type(field, fmt::format("a double of {} bytes", bytes.size()));
      return Cell::of(std::bit_cast<double>(number));
    case ColumnType::timestamp: return Cell::of(require_time(number, 1, kMicrosTo2000));
    case ColumnType::date: return Cell::of(require_time(number, 86'400'000'000, kDaysTo2000));
    default: return Cell::of(number);
  }
}

// "8-4-4-4-12" (RFC 9562)
std::string_view write_uuid(std::string_view bytes, const CopiedField& field, std::array<char, 36>& text) {
  if (bytes.size() != 16) refuse_type(field, fmt::format("a uuid of {} bytes", bytes.size()));
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text[at++] = kDigits[byte >> 4];
    text[at++] = kDigits[byte & 15];
  }
  return {text.data(), text.size()};
}

}  // namespace

bool is_copy_trailer(std::string_view bytes) { return bytes.size() == 2 && big_endian(bytes) == 0xffff; }

std::string_view without_copy_header(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || !bytes.starts_with(kSignature)) refuse("no header");
  if (big_endian(bytes.substr(11, 4)) != 0) refuse("flags that this program does not know");
  const std::uint64_t extension = big_endian(bytes.substr(15, 4));
  if (bytes.size() - kHeaderBytes < extension) refuse("the header ends early");
  return bytes.substr(kHeaderBytes + extension);
}

CopiedKey read_copied_key(std::string_view tuple, std::size_t count) {
  TupleReader reader(tuple);
  const std::int64_t found = reader.number(2);
  if (found != static_cast<std::int64_t>(count)) refuse(fmt::format("{} fields, {} were asked for", found, count));
  constexpr CopiedField kTime{.place = 0, .type = ColumnType::integer, .column = "the time of a row"};
  CopiedKey key{.time = {}, .key = {}, .fields = reader.left()};
  if (const auto time = reader.field()) key.time = cell_from(*time, kTime).integer;
  key.key = reader.field().value_or(std::string_view{});
  return key;
}

void CopiedRowReader::read(std::string_view fields, Cells& cells) {
  TupleReader reader(fields);
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const CopiedField& field = fields_[i];
    const auto value = reader.field();
    if (!value) cells[field.place] = Cell{};
    else if (field.is_uuid) cells[field.place] = Cell::of(write_uuid(*value, field, uuids_[i]));
    else cells[field.place] = cell_from(*value, field);
  }
  if (!reader.left().empty()) refuse("bytes behind the last field");
}

}  // namespace heretix
