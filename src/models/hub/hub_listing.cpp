#include "models/hub/hub_listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::string_view kEnding = ".gguf";
constexpr std::size_t kMostPathBytes = 500;
constexpr std::size_t kMostNameBytes = 200;
constexpr std::size_t kMostNamed = 40;  // quantisations in one message
constexpr int kMostParts = 1000;

// What the name of a file tells that is no model to ask.
constexpr std::array<std::string_view, 6> kNoModel = {"mmproj", "imatrix", "mtp-", "eagle3-", "dflash-", "dspark-"};

// Without what it is asked for in particular.
constexpr std::array<std::string_view, 2> kUsualQuantisations = {"Q4_K_M", "Q8_0"};

[[noreturn]] void refuse_page(const std::string& what) {
  throw Error(ErrorKind::unavailable, fmt::format("the hub's listing of files cannot be read: {}", what),
              "try again; if it stays so, check HF_ENDPOINT");
}

// The last part of the path becomes the name of a file here.
bool is_safe(const HubFile& file) {
  const std::string name = file.name();
  const bool is_printable = std::ranges::all_of(file.path, [](unsigned char c) { return c >= ' ' && c != 0x7f; });
  return is_printable && file.path.size() <= kMostPathBytes && name.size() <= kMostNameBytes &&
         !name.starts_with('.') && !first_invalid_utf8(file.path);
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

HubFile file_of(const json& item) {
  HubFile file{.path = item.at("path").get<std::string>(), .sha256 = {}, .bytes = item.at("size").get<std::uint64_t>()};

  // A large file is kept as its content's sha256; its `oid` in git is that of a pointer to it.
  const auto lfs = item.find("lfs");
  if (lfs == item.end() || !lfs->is_object()) return file;
  file.bytes = lfs->value("size", file.bytes);
  if (const std::string oid = to_lower_ascii(lfs->value("oid", "")); is_sha256(oid)) file.sha256 = oid;
  return file;
}

// "-00002-of-00005" behind the rest of a name.
struct Part {
  std::string set;  // the path without number and ending
  int number = 1;
  int count = 1;
};

Part part_of(std::string_view path) {
  static const std::regex pattern(R"((.+)-([0-9]{5})-of-([0-9]{5})\.gguf)", std::regex::icase);
  const std::string text(path);
  std::smatch found;
  if (!std::regex_match(text, found, pattern)) return {text.substr(0, text.size() - kEnding.size())};
  return {found[1].str(), std::stoi(found[2].str()), std::stoi(found[3].str())};
}

bool is_model(const HubFile& file) {
  const std::string name = to_lower_ascii(file.name());
  const auto is_in_name = [&](std::string_view word) { return name.find(word) != std::string::npos; };
  return std::ranges::none_of(kNoModel, is_in_name) && part_of(file.path).number == 1;
}

// Whether the path holds the word as a whole: "F16" is not in "x-BF16.gguf".
bool holds_word(const HubFile& file, std::string_view word) {
  const std::string text = to_lower_ascii(file.path), wanted = to_lower_ascii(word);
  for (std::size_t at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1)) {
    const std::size_t end = at + wanted.size();
    const bool begins = at == 0 || std::isalnum(static_cast<unsigned char>(text[at - 1])) == 0;
    const bool ends = end < text.size() && std::string_view(".-/").find(text[end]) != std::string_view::npos;
    if (begins && ends) return true;
  }
  return false;
}

using Found = std::vector<HubFile>::const_iterator;

Found first_of(const std::vector<HubFile>& files, std::string_view selector) {
  if (has_ending(selector, kEnding))
    return std::ranges::find_if(
        files, [&](const HubFile& file) { return to_lower_ascii(file.path) == to_lower_ascii(selector); });
  return std::ranges::find_if(files, [&](const HubFile& file) { return is_model(file) && holds_word(file, selector); });
}

Found usual_of(const std::vector<HubFile>& files) {
  for (const std::string_view quantisation : kUsualQuantisations) {
    if (const Found found = first_of(files, quantisation); found != files.end()) return found;
  }
  return std::ranges::find_if(files, is_model);
}

std::string names_of(const std::vector<HubFile>& files) {
  std::vector<std::string> names;
  for (const HubFile& file : files) {
    if (!is_model(file)) continue;
    std::string name = quantisation_of(file.path);
    if (name.empty() || &*first_of(files, name) != &file) name = file.path;
    names.push_back(std::move(name));
  }

  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNamed); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", on_one_line(names[i]));
  return names.size() > kMostNamed ? fmt::format("{} and {} more", text, names.size() - kMostNamed) : text;
}

std::vector<HubFile> parts_of(const std::vector<HubFile>& files, const HubFile& first) {
  const Part whole = part_of(first.path);
  if (whole.count <= 1) return {first};

  std::vector<HubFile> parts;
  for (int number = 1; number <= std::min(whole.count, kMostParts); ++number) {
    const auto found = std::ranges::find_if(files, [&](const HubFile& file) {
      const Part part = part_of(file.path);
      return part.set == whole.set && part.number == number && part.count == whole.count;
    });
    if (found == files.end())
      throw Error(ErrorKind::unavailable,
                  fmt::format("part {} of the {} parts of {} is missing in the repository", number, whole.count,
                              on_one_line(first.path)),
                  "name another quantisation, or tell the owner of the repository");
    parts.push_back(*found);
  }
  return parts;
}

}  // namespace

std::string HubFile::name() const { return path.substr(path.rfind('/') + 1); }

std::vector<HubFile> gguf_files_of(std::string_view page) {
  const json items = json::parse(page, nullptr, false);
  if (!items.is_array()) refuse_page("it is not a list");

  std::vector<HubFile> files;
  for (const json& item : items) {
    if (!item.is_object() || item.value("type", "") != "file") continue;
    try {
      HubFile file = file_of(item);
      if (has_ending(file.path, kEnding) && is_safe(file)) files.push_back(std::move(file));
    } catch (const json::exception&) { refuse_page("an entry has no path or no size"); }
  }
  return files;
}

std::optional<std::string> next_page(std::string_view link_header) {
  for (std::string_view rest = link_header; !rest.empty();) {
    const std::size_t open = rest.find('<'), close = rest.find('>');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
    const std::string_view address = rest.substr(open + 1, close - open - 1);

    rest.remove_prefix(close + 1);
    const std::size_t end = std::min(rest.find(",<"), rest.find(", <"));
    const std::string parameters = to_lower_ascii(rest.substr(0, end));
    if (parameters.find("rel=\"next\"") != std::string::npos || parameters.find("rel=next") != std::string::npos)
      return std::string(address);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return std::nullopt;
}

std::string quantisation_of(std::string_view path) {
  static const std::regex pattern("[-.]([A-Za-z0-9_]+)$");
  if (!has_ending(path, kEnding)) return {};
  const std::string set = part_of(path).set;
  std::smatch found;
  const std::string name = set.substr(set.rfind('/') + 1);
  if (!std::regex_search(name, found, pattern)) return {};

  std::string word = found[1].str();
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return word;
}

std::vector<HubFile> choose_model(const std::vector<HubFile>& files, std::string_view selector,
                                  const std::string& repository) {
  const Found found = selector.empty() ? usual_of(files) : first_of(files, selector);
  if (found != files.end()) return parts_of(files, *found);

  if (std::ranges::none_of(files, is_model))
    throw Error(ErrorKind::not_found, fmt::format("{} holds no GGUF file of a model", repository),
                "name a repository of GGUF files; their names often end in -GGUF");
  throw Error(ErrorKind::not_found,
              fmt::format("{} has no '{}'; it has {}", repository, on_one_line(selector), names_of(files)),
              fmt::format("name one of these: hf:{}:QUANT", repository));
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 4> kUnits = {"kB", "MB", "GB", "TB"};
  if (bytes < 1000) return fmt::format("{} bytes", bytes);
  double size = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (size >= 999.95 && unit + 1 < kUnits.size()) {
    size /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", size, kUnits[unit]);
}

}  // namespace heretix
