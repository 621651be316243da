#include "service/routes/set_download.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "service/checks/web_words.hpp"

namespace heretix::http {
namespace {

constexpr std::string_view kHeader =
    "line,claim,model,provider,p,low,high,stable,gates_failed,compliance,answers,from_store,billed_usd,seconds,run_id,"
    "execution_id,check_id,mock,state,error,tags,truth\r\n";

std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return "\"" + replaced(text, {"\"", "\"\""}) + "\"";
}

std::string number(const std::optional<double>& value) { return value ? fmt::format("{}", *value) : ""; }

std::string truth(const std::optional<bool>& value) { return value ? (*value ? "true" : "false") : ""; }

}  // namespace

std::string set_as_csv(const ServedSet& /*set*/, const std::vector<SetClaim>& claims,
                       const std::vector<SetResult>& results) {
  // By number, which has gaps where the checks of a claim were removed.
  std::vector<const SetClaim*> by_number;
  for (const SetClaim& claim : claims) {
    by_number.resize(static_cast<std::size_t>(claim.number) + 1);
    by_number.back() = &claim;
  }

  std::string text(kHeader);
  for (const SetResult& result : results) {
    const auto place = static_cast<std::size_t>(result.cell.number);
    const SetClaim* claim = place < by_number.size() ? by_number[place] : nullptr;
    if (claim == nullptr) continue;
    const SetFigures none{};
    const bool is_done = result.cell.figures.has_value();
    const SetFigures& f = is_done ? *result.cell.figures : none;
    const std::vector<std::string> cells = {
        fmt::format("{}", claim->line),
        cell(claim->claim),
        cell(result.model.text()),
        cell(f.provider),
        is_done ? number(f.p) : "",
        number(f.low),
        number(f.high),
        truth(f.is_stable),
        fmt::format("{}", fmt::join(f.gates_failed, " ")),
        is_done ? number(f.compliance) : "",
        is_done ? fmt::format("{}", f.answers) : "",
        is_done ? fmt::format("{}", f.from_store) : "",
        is_done ? number(result.cell.billed.dollars()) : "",
        is_done ? number(f.seconds) : "",
        cell(result.run_id.text()),
        result.execution_id ? cell(result.execution_id->text()) : "",
        result.cell.check_id.text(),
        result.is_mock ? "true" : "false",
        std::string(to_word(result.cell.state)),
        cell(in_web_words(result.error.value_or(""))),
        cell(fmt::format("{}", fmt::join(claim->tags, ";"))),
        truth(claim->truth)};
    text += fmt::format("{}\r\n", fmt::join(cells, ","));
  }
  return text;
}

}  // namespace heretix::http
