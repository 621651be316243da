// For --recalibrate: shows p through the map of a certificate, beside p itself and never in its place.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "base/identity.hpp"
#include "studies/calibrate/certificate.hpp"

namespace heretix {

// `certificate`: a file; empty if it was not asked for, and so is the result. Throws Error{not_found, bad_input}.
std::optional<RecalibrationMap> recalibration_of(const std::string& certificate);

// A map belongs to one model and one way to read it. Throws Error{bad_input} for any other.
void require_fits(const RecalibrationMap& map, const Recipe& recipe);
void require_fits(const RecalibrationMap& map, const ModelName& model, bool is_mock, const std::string& readout);

nlohmann::json recalibrated_json(const RecalibrationMap& map, const Record& record);
std::string recalibrated_text(const RecalibrationMap& map, const Record& record);

}  // namespace heretix
