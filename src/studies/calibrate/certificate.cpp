#include "studies/calibrate/certificate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

using nlohmann::json;

double right_share(const std::vector<LabelledBelief>& beliefs) {
  double right = 0;
  for (const LabelledBelief& b : beliefs) right += b.p == 0.5 ? 0.5 : (b.p > 0.5) == b.is_true ? 1.0 : 0.0;
  return right / static_cast<double>(beliefs.size());
}

std::vector<LabelledBelief> beliefs_of(const std::vector<JudgedClaim>& claims) {
  std::vector<LabelledBelief> beliefs;
  for (const JudgedClaim& c : claims) {
    if (c.p) beliefs.push_back({*c.p, c.labelled.is_true});
  }
  return beliefs;
}

std::vector<GroupScore> groups_of(const std::vector<JudgedClaim>& claims) {
  std::map<std::string, std::vector<LabelledBelief>> groups;
  for (const JudgedClaim& c : claims) {
    if (!c.p) continue;
    if (!c.labelled.level.empty()) groups["level " + c.labelled.level].push_back({*c.p, c.labelled.is_true});
    if (!c.labelled.field.empty()) groups["field " + c.labelled.field].push_back({*c.p, c.labelled.is_true});
  }
  std::vector<GroupScore> scores;
  for (const auto& [name, beliefs] : groups)
    scores.push_back({name, beliefs.size(), calibration_scores(beliefs).brier, right_share(beliefs)});
  return scores;
}

}  // namespace

std::string readout_name(Readout readout, bool asks_negation) {
  const bool is_one_sided = readout == Readout::decision && !asks_negation;
  return std::string(to_word(readout)) + (is_one_sided ? " without negations" : "");
}

std::string readout_name(const Recipe& recipe) {
  return readout_name(recipe.readout(), recipe.mode.value("negation") != kNoNegation);
}

Mode answering_mode(Mode of_recipe) {
  for (const char* name : {"run", "readout", "samples", "asked", "negation", "together", "part"})
    of_recipe.without(name);
  return of_recipe;
}

CertifiedRight certified_right(const json& certificate) {
  CertifiedRight certified;
  for (const json& claim : certificate.at("claims")) {
    if (claim.at("p").is_null()) continue;
    const double p = claim.at("p");
    ++certified.judged;
    if (p != 0.5 && (p > 0.5) == claim.at("label").get<bool>()) ++certified.right;
  }

  // A group that all claims are in.
  const auto only = [&](const std::string& kind) -> std::string {
    for (const json& group : certificate.at("groups")) {
      const std::string name = group.at("group");
      if (name.starts_with(kind) && group.at("labels") == certified.judged) return name.substr(kind.size());
    }
    return {};
  };
  if (const std::string level = only("level "); !level.empty()) certified.which += " of level " + level;
  if (const std::string field = only("field "); !field.empty()) certified.which += " in " + field;
  return certified;
}

std::string in_words(const CertifiedRight& certified) {
  return fmt::format("right on {} of {} labelled claims{}", certified.right, certified.judged, certified.which);
}

Certificate certify(ModelName model, std::string labels_sha256, std::string plan, std::vector<JudgedClaim> claims) {
  const std::vector<LabelledBelief> beliefs = beliefs_of(claims);
  if (beliefs.empty())
    throw Error(ErrorKind::bad_input, "no claim got enough usable answers",
                "heretix list shows the runs, and heretix answers RUN shows what came back");

  Certificate c{.model = std::move(model),
                .labels_sha256 = std::move(labels_sha256),
                .plan = std::move(plan),
                .claims = std::move(claims),
                .curve = {},
                .places = {},
                .band = {},
                .groups = {}};

  c.judged = beliefs.size();
  for (const LabelledBelief& b : beliefs) c.base_rate += b.is_true ? 1.0 / static_cast<double>(beliefs.size()) : 0.0;
  if (c.base_rate == 0 || std::ranges::all_of(beliefs, &LabelledBelief::is_true))
    throw Error(ErrorKind::bad_input, "all labels are the same", "calibration needs true and false claims");

  c.seed = first_eight_bytes(sha256("RPL-CALIBRATE|" + c.model.text() + "|" + c.labels_sha256));
  c.right = right_share(beliefs);
  c.scores = calibration_scores(beliefs);
  c.z_p_value = 2 * normal_cdf(-std::abs(c.scores.spiegelhalter_z));
  c.error = excess_calibration_error(beliefs, c.seed);

  c.curve = corp_curve(beliefs);
  for (int i = 0; i <= 20; ++i) c.places.push_back(i / 20.0);
  c.band = consistency_band(beliefs, c.places, c.seed);

  if (beliefs.size() >= 2 * kCrossFitFolds) c.recalibrated = calibration_scores(cross_fitted(beliefs, c.seed));
  c.groups = groups_of(c.claims);
  return c;
}

double RecalibrationMap::apply(double p) const {
  return std::clamp(rate_at(steps, p), kLogScoreClamp, 1 - kLogScoreClamp);
}

RecalibrationMap recalibration_map(const NamedText& certificate) {
  const std::string& source = certificate.name;
  const std::string& json_text = certificate.text;
  const json root = json::parse(json_text, nullptr, false);
  const auto refuse = [&](const std::string& what) -> RecalibrationMap {
    throw Error(ErrorKind::bad_input, fmt::format("{}: {}", source, what), "make one: heretix calibrate --json > FILE");
  };

  if (!root.is_object() || root.value("format", "") != "heretix_calibration")
    return refuse("not a certificate of calibration");

  try {
    RecalibrationMap map{.model = ModelName(root.at("model").get<std::string>()),
                         .sha256 = sha256_hex(json_text),
                         .number = {},
                         .labels = root.at("judged"),
                         .steps = {}};
    map.readout = root.value("readout", "");
    map.is_mock = root.value("mock", false);
    map.number = root.value("number", std::string(kHonestMethod));
    if (map.number != kHonestMethod && map.number != kBeliefMethod)
      return refuse(fmt::format("is about the number '{}', which this program does not know", map.number));
    map.brier_before = root.at("scores").at("brier");
    if (root.at("recalibrated").is_null()) return refuse("has too few labels for a map");
    map.brier_after = root.at("recalibrated").at("brier");

    double last = -1;
    for (const json& step : root.at("curve")) {
      map.steps.push_back({step.at("low"), step.at("high"), step.at("rate"), step.at("count")});
      const CorpStep& s = map.steps.back();
      if (!(s.low > last && s.high >= s.low && s.high <= 1 && s.rate >= 0 && s.rate <= 1))
        return refuse("its curve is damaged");
      last = s.high;
    }

    if (map.steps.empty()) return refuse("its curve is empty");
    return map;
  } catch (const json::exception& e) { return refuse(e.what()); }
}

}  // namespace heretix
