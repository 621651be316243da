#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "cli/advice.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/labelled_file.hpp"
#include "cli/left_out.hpp"
#include "cli/measuring.hpp"
#include "cli/resources.hpp"
#include "cli/stored_results.hpp"
#include "cli/terminal.hpp"
#include "store/sqlite/harness_file.hpp"
#include "studies/calibrate/certificate_store.hpp"

namespace heretix {
namespace {

struct CalibrateOptions : MeasuringOptions {
  std::string file;
  std::vector<std::string> fields, levels;
};

constexpr int kTemplatesPerClaim = 8;

bool is_wanted(const LabelledClaim& claim, const CalibrateOptions& options) {
  const auto among = [](const std::vector<std::string>& wanted, const std::string& value) {
    return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
  };
  return among(options.fields, claim.field) && among(options.levels, claim.level);
}

std::vector<LabelledClaim> wanted_claims(const LabelledFile& file, const CalibrateOptions& options) {
  std::vector<LabelledClaim> claims;
  std::ranges::copy_if(file.claims, std::back_inserter(claims),
                       [&](const LabelledClaim& c) { return is_wanted(c, options); });
  if (claims.empty())
    throw Error(ErrorKind::bad_input, "no labelled claim has that field and level", "leave out --field or --level");
  return claims;
}

std::vector<std::string> texts_of(const std::vector<LabelledClaim>& claims) {
  std::vector<std::string> texts;
  for (const LabelledClaim& c : claims) texts.push_back(c.claim);
  return texts;
}

// A claim without enough usable answers is told and left out; what ends a run ends this too, everything kept.
JudgedClaim judge_claim(const LabelledClaim& labelled, Measuring& measuring, const CalibrateOptions& options) {
  try {
    const Record record = measuring.measure(labelled.claim);
    return {.labelled = labelled, .p = record.belief.p().value(), .execution_id = record.execution.execution_id};
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::bad_input) throw;
    print_error(Error(e.kind(), fmt::format("{}: {}", shortened(labelled.claim, 60), e.what()),
                      with_store(e.hint(), store_flag_of(options))));
    return {.labelled = labelled};
  }
}

Certificate certificate_of(const CalibrateOptions& options, const LabelledFile& file,
                           const std::vector<LabelledClaim>& claims) {
  Measuring measuring(options, kTemplatesPerClaim);
  measuring.tell_cost(texts_of(claims));
  std::vector<JudgedClaim> judged;
  for (const LabelledClaim& claim : claims) judged.push_back(judge_claim(claim, measuring, options));
  Certificate made = certify(measuring.facts().model, file.sha256, measuring.plan_in_words(), std::move(judged));
  made.readout = measuring.readout();
  made.mode = answering_mode(measuring.facts().mode).text();
  CertificateStore(measuring.database()).keep(made, unix_seconds(SystemClock().now()));
  return made;
}

// Mock numbers get no certificate in a store that holds a model's too, or is about to. Returns what is left.
std::vector<CalibrateOptions> without_mock_beside_models(const std::vector<CalibrateOptions>& models) {
  std::set<std::string> with_models;
  for (const CalibrateOptions& one : models) {
    const std::string path = used_database_path(one);
    if (!is_mock(used_settings(one))) with_models.insert(path);
    if (with_models.contains(path) || !std::filesystem::exists(path)) continue;
    const auto database = open_harness_file(path, {.access = Access::read_only});
    RunStore store(*database);
    if (holds_measurements(store)) with_models.insert(path);
  }

  std::vector<CalibrateOptions> left = models;
  const auto is_left_out = [&](const CalibrateOptions& one) {
    return is_mock(used_settings(one)) && with_models.contains(used_database_path(one));
  };
  const std::size_t left_out = std::erase_if(left, is_left_out);
  if (left_out == 0) return left;

  const std::string what = fmt::format("{} mock {} left out, because the store {} also holds measurements", left_out,
                                       left_out == 1 ? "model is" : "models are", *with_models.begin());
  const std::string hint = "leave --db out: mock runs have a store of their own";
  if (left.empty()) throw Error(ErrorKind::bad_input, what, hint);
  print_note(fmt::format("heretix: {}; {}", what, hint));
  return left;
}

int calibrate_command(const CalibrateOptions& options) {
  const std::string path = options.file.empty() ? labelled_claims_file() : options.file;
  const LabelledFile file = read_labelled_file(path, allows_questions(options));
  const std::vector<LabelledClaim> claims = wanted_claims(file, options);
  std::vector<Certificate> certificates;
  for (const CalibrateOptions& one : without_mock_beside_models(one_for_each_model(options)))
    certificates.push_back(certificate_of(one, file, claims));
  nlohmann::json as_json = nlohmann::json::array();
  for (const Certificate& c : certificates) as_json.push_back(to_json(c));
  const bool is_mock = std::ranges::all_of(certificates, &Certificate::is_mock);
  show_document(to_document(certificates), certificates.size() == 1 ? as_json[0] : as_json, options, is_mock);
  return kDone;
}

}  // namespace

void register_calibrate(CommandTable& table) {
  const auto [calibrate, o] = table.add<CalibrateOptions>(
      "calibrate", "measure what stated probabilities are worth, on claims whose truth is known", calibrate_command);
  calibrate
      .add_option("file", o.file,
                  "a CSV file with the columns claim and label, and optionally field and level (default: the 300 "
                  "claims that come with heretix)")
      ->type_name("FILE");
  calibrate.add_option("--field", o.fields, "only claims of this field; may be given several times")
      ->type_name("FIELD")
      ->allow_extra_args(false);
  calibrate.add_option("--level", o.levels, "only claims of this level, 1 to 3")
      ->type_name("N")
      ->allow_extra_args(false);
  add_plan_options(calibrate, o);
  add_ask_options(calibrate, o);
  add_page(calibrate, o);
  add_json(calibrate, o);
}

}  // namespace heretix
