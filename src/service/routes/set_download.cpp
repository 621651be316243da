#include "service/routes/set_download.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/child_process.hpp"
#include "base/csv.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "service/checks/web_words.hpp"

namespace heretix::http {
namespace {

using nlohmann::ordered_json;

constexpr int kMostConversions = 2;  // at a time
constexpr ChildLimits kConversionLimits{.most_output = 65'536, .longest = std::chrono::seconds(60)};

template <class T>
ordered_json cell_or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

// The columns of one row, in their order.
ordered_json columns_of(const SetClaim& claim, const SetResult& result) {
  const SetCell& cell = result.cell;
  const SetFigures* f = cell.figures ? &*cell.figures : nullptr;
  const auto figure = [&](auto value) { return f == nullptr ? ordered_json(nullptr) : value(*f); };
  return {{"line", claim.line},
          {"claim", claim.claim},
          {"model", result.model.text()},
          {"provider", figure([](const SetFigures& of) { return ordered_json(of.provider); })},
          {"p", figure([](const SetFigures& of) { return ordered_json(of.p); })},
          {"low", figure([](const SetFigures& of) { return cell_or_null(of.low); })},
          {"high", figure([](const SetFigures& of) { return cell_or_null(of.high); })},
          {"stable", figure([](const SetFigures& of) { return cell_or_null(of.is_stable); })},
          {"gates_failed", figure([](const SetFigures& of) { return ordered_json(of.gates_failed); })},
          {"compliance", figure([](const SetFigures& of) { return ordered_json(of.compliance); })},
          {"answers", figure([](const SetFigures& of) { return ordered_json(of.answers); })},
          {"from_store", figure([](const SetFigures& of) { return ordered_json(of.from_store); })},
          {"billed_usd", figure([&](const SetFigures&) { return ordered_json(cell.billed.dollars()); })},
          {"seconds", figure([](const SetFigures& of) { return ordered_json(of.seconds); })},
          {"run_id", result.run_id.text()},
          {"execution_id", result.execution_id ? ordered_json(result.execution_id->text()) : ordered_json(nullptr)},
          {"check_id", cell.check_id.text()},
          {"mock", result.is_mock},
          {"state", to_word(cell.state)},
          {"error", result.error ? ordered_json(in_web_words(*result.error)) : ordered_json(nullptr)},
          {"tags", claim.tags},
          {"truth", cell_or_null(claim.truth)}};
}

// Calls `body` with the claim of each result; those of claims that are gone are left out.
template <class Body>
void for_each_row(const std::vector<SetClaim>& claims, const std::vector<SetResult>& results, const Body& body) {
  std::vector<const SetClaim*> by_number;
  for (const SetClaim& claim : claims) {
    by_number.resize(static_cast<std::size_t>(claim.number) + 1);
    by_number.back() = &claim;
  }
  for (const SetResult& result : results) {
    const auto place = static_cast<std::size_t>(result.cell.number);
    const SetClaim* claim = place < by_number.size() ? by_number[place] : nullptr;
    if (claim != nullptr) body(columns_of(*claim, result));
  }
}

std::string csv_text(const std::string& name, const ordered_json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return csv_cell(value.get<std::string>());
  if (!value.is_array()) return value.dump();
  const char* between = name == "tags" ? ";" : " ";
  return csv_cell(fmt::format("{}", fmt::join(value.get<std::vector<std::string>>(), between)));
}

// Stands for one conversion under way.
class Conversion {
 public:
  Conversion() {
    if (++under_way() <= kMostConversions) return;
    --under_way();
    throw Error(ErrorKind::too_many, "other Parquet files are being made at this moment", "try again shortly");
  }
  ~Conversion() { --under_way(); }
  Conversion(const Conversion&) = delete;
  Conversion& operator=(const Conversion&) = delete;

 private:
  static std::atomic<int>& under_way() {
    static std::atomic<int> count{0};
    return count;
  }
};

}  // namespace

std::string set_as_csv(const std::vector<SetClaim>& claims, const std::vector<SetResult>& results) {
  std::string text;
  const ordered_json names = columns_of({}, {});
  for (const auto& [name, value] : names.items()) text += (text.empty() ? "" : ",") + name;
  text += "\r\n";
  for_each_row(claims, results, [&](const ordered_json& row) {
    bool is_first = true;
    for (const auto& [name, value] : row.items()) {
      if (!is_first) text += ",";
      is_first = false;
      text += csv_text(name, value);
    }
    text += "\r\n";
  });
  return text;
}

std::string set_as_jsonl(const std::vector<SetClaim>& claims, const std::vector<SetResult>& results) {
  std::string text;
  for_each_row(claims, results, [&](const ordered_json& row) {
    text += row.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  });
  return text;
}

std::string as_parquet(const std::string& lines, const std::filesystem::path& program) {
  if (lines.empty()) throw Error(ErrorKind::not_found, "the set has no row left to download");
  if (::access(program.c_str(), X_OK) != 0)
    throw Error(ErrorKind::not_found, "this service cannot make Parquet files, because heretix-export is not installed",
                "download CSV, or ask the operator to install it beside heretix");

  const Conversion conversion;
  const TemporaryFolder folder;
  const std::string from = folder.path() + "/lines.jsonl";
  const std::string to = folder.path() + "/results.parquet";
  std::ofstream file(from, std::ios::binary);
  file << lines;
  file.close();
  if (file) output_of({program.string(), "export", "--results", from, "--out", to, "--quiet"}, {}, kConversionLimits);
  auto made = content_of_file(to);
  if (!made) throw Error(ErrorKind::unavailable, "heretix-export could not make a Parquet file of a set");
  return std::move(*made);
}

}  // namespace heretix::http
