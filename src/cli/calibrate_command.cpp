#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/advice.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/labelled_file.hpp"
#include "cli/measuring.hpp"
#include "cli/resources.hpp"
#include "cli/stored_results.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

constexpr int kTemplatesPerClaim = 8;

bool is_wanted(const LabelledClaim& claim, const Options& options) {
  const auto among = [](const std::vector<std::string>& wanted, const std::string& value) {
    return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
  };
  return among(options.fields, claim.field) && among(options.levels, claim.level);
}

std::vector<LabelledClaim> wanted_claims(const LabelledFile& file, const Options& options) {
  std::vector<LabelledClaim> claims;
  std::ranges::copy_if(file.claims, std::back_inserter(claims),
                       [&](const LabelledClaim& c) { return is_wanted(c, options); });
  if (claims.empty())
    throw Error(ErrorKind::bad_input, "no labelled claim is of that field and level", "leave out --field or --level");
  return claims;
}

std::vector<std::string> texts_of(const std::vector<LabelledClaim>& claims) {
  std::vector<std::string> texts;
  for (const LabelledClaim& c : claims) texts.push_back(c.claim);
  return texts;
}

// A claim without enough usable answers is told and left out; what ends a run ends this too, everything kept.
JudgedClaim judge_claim(const LabelledClaim& labelled, Measuring& measuring, const Options& options) {
  try {
    const Record record = measuring.measure(labelled.claim);
    return {.labelled = labelled, .p = record.honest.p.value(), .execution_id = record.execution.execution_id};
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::bad_input) throw;
    print_error(Error(e.kind(), fmt::format("{}: {}", shortened(labelled.claim, 60), e.what()),
                      with_store(e.hint(), store_flag_of(options, false))));
    return {.labelled = labelled, .p = std::nullopt, .execution_id = {}};
  }
}

Certificate certificate_of(const Options& options, const LabelledFile& file, const std::vector<LabelledClaim>& claims) {
  Measuring measuring(options, kTemplatesPerClaim);
  measuring.tell_cost(texts_of(claims));
  std::vector<JudgedClaim> judged;
  for (const LabelledClaim& claim : claims) judged.push_back(judge_claim(claim, measuring, options));
  Certificate made = certify(measuring.facts().model, file.sha256, measuring.plan_in_words(), std::move(judged));
  made.readout = measuring.readout();
  return made;
}

}  // namespace

int calibrate_command(const Options& options) {
  const std::string path = options.input.empty() ? labelled_claims_file() : options.input;
  const LabelledFile file = read_labelled_file(path, allows_questions(options));
  const std::vector<LabelledClaim> claims = wanted_claims(file, options);
  std::vector<Certificate> certificates;
  for (const Options& one : one_for_each_model(options)) certificates.push_back(certificate_of(one, file, claims));
  nlohmann::json as_json = nlohmann::json::array();
  for (const Certificate& c : certificates) as_json.push_back(to_json(c));
  show_document(to_document(certificates), certificates.size() == 1 ? as_json[0] : as_json, options);
  return kDone;
}

}  // namespace heretix
