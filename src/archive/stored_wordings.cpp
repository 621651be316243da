#include "archive/stored_wordings.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "archive/load_record.hpp"
#include "base/text.hpp"
#include "belief/record/shared_templates.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::size_t kAtOnce = 200;  // executions in one round trip
constexpr std::string_view kStored =
    "SELECT execution_id, bank_content_sha256, record_json FROM heretix_executions WHERE execution_id = :execution AND "
    "status = 'done'";

// The banks of these executions, each read once.
class Banks {
 public:
  explicit Banks(RunStore& runs) : runs_(runs) {}

  const std::vector<std::string>& wordings(const std::string& content_sha256) {
    const auto [place, is_new] = banks_.try_emplace(content_sha256);
    if (!is_new) return place->second;
    const auto text = runs_.bank_text(content_sha256);
    const json bank = text ? json::parse(*text, nullptr, false) : json();
    try {
      if (bank.is_object()) place->second = bank_from_json(bank).paraphrases;
    } catch (const json::exception&) {}  // a bank that is damaged has no wordings
    return place->second;
  }

 private:
  RunStore& runs_;
  std::map<std::string, std::vector<std::string>> banks_;
};

// The value of a written number follows from the number itself, except where it is exactly 0 or 1: there it matters
// with how many decimals it was written, which only the answer knows.
std::optional<Logit> value_of(double p, Readout readout) {
  if (readout != Readout::verbalized) return read_as_it_is(Probability{p}).value;
  if (p <= 0 || p >= 1) return std::nullopt;
  return read_as_shortest(Probability{p}).value;
}

// "LIVE;readout=token;temperature=0.7" names it where it is not the usual one.
Readout readout_in(const std::string& mode) {
  constexpr std::string_view kName = "readout=";
  for (const std::string_view part : split(mode, ';')) {
    if (part.starts_with(kName)) return readout_from(std::string(part.substr(kName.size())));
  }
  return Readout::verbalized;
}

// What the stored record says by itself; empty if it does not, and for one that is damaged.
std::optional<std::vector<StoredWording>> told_by(const json& record, const std::vector<std::string>& bank) {
  const Readout readout = readout_in(record.at("config").at("mode").get<std::string>());
  if (readout == Readout::decision) return std::nullopt;  // its answers have two sides

  std::vector<StoredWording> wordings;
  for (const json& one : record.at("templates")) {
    const json& answers = one.at("prob_true");
    if (answers.empty()) continue;
    double sum = 0;
    for (const json& p : answers) {
      const auto value = value_of(p.get<double>(), readout);
      if (!value) return std::nullopt;
      sum += value->value();
    }
    wordings.push_back(
        {bank.at(one.at("paraphrase_idx").get<std::size_t>()), sum / static_cast<double>(answers.size())});
  }
  return wordings;
}

std::vector<StoredWording> wordings_of(const Record& record) {
  std::vector<StoredWording> wordings;
  for (const AnsweredTemplate& answered : answered_templates(record))
    wordings.push_back({answered.wording, answered.mean});
  return wordings;
}

// Of a record, which has a dozen more parts. Discarded where the text is no JSON.
json needed_parts(const std::string& record_text) {
  const auto is_needed = [](int depth, json::parse_event_t event, json& parsed) {
    return depth != 1 || event != json::parse_event_t::key || parsed == "config" || parsed == "templates";
  };
  return json::parse(record_text, is_needed, false);
}

std::optional<std::vector<StoredWording>> read_one(RunStore& runs, Banks& banks, const Row& row) {
  const json record = needed_parts(row.text_or_empty("record_json"));
  try {
    if (record.is_object()) {
      if (auto told = told_by(record, banks.wordings(row.required_text("bank_content_sha256")))) return told;
    }
    const auto execution = runs.execution(row.id<ExecutionId>("execution_id"));
    if (execution) return wordings_of(load_record(runs, *execution));
  } catch (const json::exception&) {
  } catch (const std::out_of_range&) {
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::broken && e.kind() != ErrorKind::bad_input) throw;
  }
  return std::nullopt;
}

}  // namespace

void read_stored_wordings(
    RunStore& runs, const std::vector<ExecutionId>& executions,
    const std::function<void(const ExecutionId& execution, const std::vector<StoredWording>& wordings)>& take) {
  if (executions.empty() || !runs.database().has_table("heretix_executions")) return;

  Banks banks(runs);
  for (std::size_t begin = 0; begin < executions.size(); begin += kAtOnce) {
    const std::size_t end = std::min(executions.size(), begin + kAtOnce);
    std::vector<Query> queries;
    for (std::size_t i = begin; i < end; ++i)
      queries.push_back({.sql = std::string(kStored), .bindings = {{":execution", executions[i]}}});
    for (const std::vector<Row>& found : runs.database().query_all(queries)) {
      if (found.empty()) continue;
      if (const auto wordings = read_one(runs, banks, found[0]))
        take(found[0].id<ExecutionId>("execution_id"), *wordings);
    }
  }
}

}  // namespace heretix
