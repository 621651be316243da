#include "belief/selftest/selftest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file.hpp"
#include "belief/selftest/sections.hpp"

namespace heretix {
namespace {

using nlohmann::json;
using Section = void (*)(const json&, Comparison&);

// Sections without a function describe the file or the program that made it, and are not compared.
const std::map<std::string, std::map<std::string, Section>>& known_files() {
  static const std::map<std::string, std::map<std::string, Section>> files = {
      {"rng", {{"about", nullptr}, {"env", nullptr}, {"n_values", nullptr}, {"cases", selftest::rng_cases}}},
      {"estimator",
       {{"about", nullptr},
        {"env", nullptr},
        {"errors", nullptr},
        {"cases", selftest::estimator_cases},
        {"logit", selftest::estimator_logit},
        {"sigmoid", selftest::estimator_sigmoid},
        {"stability_grid", selftest::estimator_stability},
        {"sums", selftest::estimator_sums}}},
      {"honest", {{"about", nullptr}, {"honest", selftest::honest_cases}, {"ladder", selftest::honest_ladder}}},
      {"belief",
       {{"numbers", selftest::belief_numbers},
        {"belief", selftest::belief_cases},
        {"belief_rungs", selftest::belief_rungs}}},
      {"sampler",
       {{"about", nullptr},
        {"cases", selftest::sampler_cases},
        {"balanced_indices_with_rotation", selftest::sampler_balanced}}},
      {"keys",
       {{"about", nullptr}, {"cases", selftest::keys_cases}, {"bootstrap_seed_function", selftest::keys_seeds}}},
      {"answers", {{"about", nullptr}, {"cases", selftest::answers_cases}}},
      {"readouts", {{"about", nullptr}, {"trees", selftest::readouts_trees}, {"words", selftest::readouts_words}}},
      {"statistics",
       {{"about", nullptr},
        {"paired", selftest::statistics_paired},
        {"variance", selftest::statistics_variance},
        {"best_R", selftest::statistics_best_replicates},
        {"drift", selftest::statistics_drift},
        {"calibration", selftest::statistics_calibration}}},
      {"atlas",
       {{"about", nullptr},
        {"means", selftest::atlas_means},
        {"components", selftest::atlas_components},
        {"brier", selftest::atlas_brier}}},
  };
  return files;
}

SectionResult unknown(const std::string& name, const std::string& why) {
  return {.name = name, .equal = 0, .different = 1, .first_differences = {why}};
}

SectionResult run_section(const std::string& name, Section section, const json& cases) {
  Comparison comparison(name);
  try {
    section(cases, comparison);
  } catch (const std::exception& e) { comparison.note(false, fmt::format("cannot be read: {}", e.what())); }
  if (comparison.result().equal + comparison.result().different == 0)
    comparison.note(false, "contains nothing to compare");
  return comparison.result();
}

}  // namespace

std::size_t FileResult::equal() const {
  std::size_t sum = 0;
  for (const SectionResult& s : sections) sum += s.equal;
  return sum;
}

std::size_t FileResult::different() const {
  std::size_t sum = 0;
  for (const SectionResult& s : sections) sum += s.different;
  return sum;
}

FileResult recompute(const std::string& name, const std::string& json_text) {
  FileResult result{.file = name, .sections = {}};

  const auto known = known_files().find(name);
  if (known == known_files().end()) {
    result.sections.push_back(unknown("file", "this version of selftest does not know this file"));
    return result;
  }

  const json root = json::parse(json_text, nullptr, false);
  if (!root.is_object()) {
    result.sections.push_back(unknown("file", "not a JSON object"));
    return result;
  }

  // A file that lacks a section must not pass for want of anything to compare.
  for (const auto& [section, function] : known->second) {
    if (function != nullptr && !root.contains(section))
      result.sections.push_back(unknown(section, "missing in the file"));
  }

  for (const auto& item : root.items()) {
    const auto section = known->second.find(item.key());
    if (section == known->second.end())
      result.sections.push_back(unknown(item.key(), "this version of selftest does not know this section"));
    else if (section->second != nullptr)
      result.sections.push_back(run_section(item.key(), section->second, item.value()));
  }

  return result;
}

std::vector<FileResult> recompute_folder(const std::string& folder) {
  std::error_code failed;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  if (failed || files.empty()) {
    throw Error(ErrorKind::not_found,
                fmt::format("no golden files in {}{}{}", folder, failed ? ": " : "", failed ? failed.message() : ""),
                "name a folder that holds them, e.g. tests/golden of the source tree");
  }
  std::ranges::sort(files);
  std::vector<FileResult> results;
  for (const auto& path : files) { results.push_back(recompute(path.stem(), content_of_file(path).value_or(""))); }
  return results;
}

}  // namespace heretix
