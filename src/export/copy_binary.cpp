#include "export/copy_binary.hpp"

#include <fmt/format.h>

#include <bit>

#include "base/error.hpp"
#include "export/month.hpp"

namespace heretix {
namespace {

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr std::size_t kHeaderBytes = 19;                     // signature, flags, length of the extension
constexpr std::int64_t kMicrosTo2000 = 946'684'800'000'000;  // from 1970
constexpr std::int64_t kDaysTo2000 = 10'957;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::broken, "the server's binary COPY is not as expected: " + what, "run the same command again");
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
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
  bool is_done() const { return left_.empty(); }

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

Cell cell_from(std::string_view bytes, ColumnType type) {
  if (type == ColumnType::text) return Cell::of(bytes);
  if (bytes.size() != 1 && bytes.size() != 2 && bytes.size() != 4 && bytes.size() != 8)
    refuse(fmt::format("a number of {} bytes", bytes.size()));
  const std::int64_t number = TupleReader(bytes).number(bytes.size());
  switch (type) {
    case ColumnType::real:
      if (bytes.size() != 8) refuse("a double that has not 8 bytes");
      return Cell::of(std::bit_cast<double>(number));
    case ColumnType::timestamp: return Cell::of(require_time(number, 1, kMicrosTo2000));
    case ColumnType::date: return Cell::of(require_time(number, 86'400'000'000, kDaysTo2000));
    default: return Cell::of(number);
  }
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

void read_copied(std::string_view tuple, std::span<const CopiedField> fields, Cells& cells) {
  TupleReader reader(tuple);
  const std::int64_t count = reader.number(2);
  if (count != static_cast<std::int64_t>(fields.size()))
    refuse(fmt::format("{} fields, {} were asked for", count, fields.size()));
  for (const CopiedField& field : fields) {
    const std::int64_t size = reader.number(4);
    if (size < -1) refuse("a field of negative length");
    cells[field.place] = size < 0 ? Cell{} : cell_from(reader.take(static_cast<std::size_t>(size)), field.type);
  }
  if (!reader.is_done()) refuse("bytes behind the last field");
}

}  // namespace heretix
