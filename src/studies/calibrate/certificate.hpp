// What a model's stated probabilities are worth, measured on claims whose truth is known: one certificate for each
// model. Formulas, sources and limits: docs/calibrate.md. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "base/text_file.hpp"
#include "belief/record/record.hpp"
#include "belief/record/stored_config.hpp"
#include "belief/stats/belief_v2.hpp"
#include "belief/stats/calibration.hpp"
#include "report/document.hpp"

namespace heretix {

struct LabelledClaim {
  std::string claim;
  bool is_true = false;
  std::string field, level;  // groups that it belongs to; may be empty
};

struct JudgedClaim {
  LabelledClaim labelled;
  std::optional<double> p{};  // empty: not enough usable answers
  std::optional<ExecutionId> execution_id{};
};

struct GroupScore {
  std::string name;  // "field astronomy", "level 2"
  std::size_t labels;
  double brier;
  double right;  // share of claims on the right side of 0.5; exactly 0.5 counts as half
};

struct Certificate {
  ModelName model;
  std::string labels_sha256, plan;
  std::string readout = "verbalized";  // how the beliefs were read: readout_name()
  std::string mode{};                  // how the answers were made: the text of answering_mode()
  std::uint64_t seed = 0;
  std::vector<JudgedClaim> claims;
  std::size_t judged = 0;  // claims with a p
  double base_rate = 0;    // share of true claims among them
  double right = 0;
  CalibrationScores scores{};
  double z_p_value = 1;  // two-sided, of Spiegelhalter's Z
  ExcessError error{};
  std::vector<CorpStep> curve;  // also the recalibration map
  std::vector<double> places;   // probabilities at which the band is given
  ConsistencyBand band;
  std::optional<CalibrationScores> recalibrated{};  // cross-fitted; empty below 10 labels
  std::vector<GroupScore> groups;

  bool is_mock() const { return is_mock_mode(mode); }  // made of mock numbers: it says nothing about the model
};

// Throws Error{bad_input} if no claim got a p, or if all of them have the same label.
Certificate certify(ModelName model, std::string labels_sha256, std::string plan, std::vector<JudgedClaim> claims);

Document to_document(const std::vector<Certificate>& certificates);
nlohmann::json to_json(const Certificate& certificate);  // format "heretix_calibration", version 1

// The readout of a recipe, with what changes the belief within it: "decision", "decision without negations".
std::string readout_name(Readout readout, bool asks_negation);
std::string readout_name(const Recipe& recipe);

// How a model answers, whatever is asked and however it is read: the mode of a recipe as its provider states it.
Mode answering_mode(Mode of_recipe);

// What one line says of a certificate: the model, how many claims it put on the right side of one half, and which they
// were.
struct CertifiedRight {
  std::size_t right = 0;   // exactly one half is on neither side
  std::size_t judged = 0;  // claims with a p
  std::string which;       // " of level 1", " of level 2 in astronomy"; empty: of several levels and fields, or of none
};

// From a certificate's JSON. Throws nlohmann's exceptions for one that is malformed.
CertifiedRight certified_right(const nlohmann::json& certificate);

// "right on 170 of 300 labelled claims"
std::string in_words(const CertifiedRight& certified);

// The map of a certificate, for measurements of the same model that were read in the same way.
struct RecalibrationMap {
  ModelName model;
  std::string sha256;     // sha256 of the certificate's file
  std::string readout{};  // empty: an earlier program did not say it
  bool is_mock = false;   // of a certificate of mock numbers
  std::string number;     // kBeliefMethod, or kHonestMethod for a certificate of an earlier program
  std::size_t labels = 0;
  double brier_before = 0, brier_after = 0;  // cross-fitted
  std::vector<CorpStep> steps;

  // Monotone. Stays within [.005, .995], because no finite set of labels can vouch for more.
  double apply(double p) const;
};

// Reads the map from a certificate's JSON. Throws Error{bad_input} naming what is wrong; messages begin with its name.
RecalibrationMap recalibration_map(const NamedText& certificate);

}  // namespace heretix
