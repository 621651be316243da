#include "cli/recalibration.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file.hpp"

namespace heretix {

std::optional<RecalibrationMap> recalibration_of(const std::string& certificate) {
  if (certificate.empty()) return std::nullopt;
  const auto text = content_of_file(certificate);
  if (!text)
    throw Error(ErrorKind::not_found, fmt::format("cannot read the certificate {}", certificate),
                "make one: heretix calibrate --json > FILE");
  return recalibration_map({.name = certificate, .text = *text});
}

void require_fits(const RecalibrationMap& map, const Recipe& recipe) {
  require_fits(map, recipe.model, recipe.mode.is_mock(), readout_name(recipe));
}

void require_fits(const RecalibrationMap& map, const ModelName& model, bool is_mock, const std::string& readout) {
  if (map.model != model)
    throw Error(ErrorKind::bad_input, fmt::format("the certificate is for {}, not for {}", map.model, model),
                "a map says nothing about another model");
  if (map.is_mock && !is_mock)
    throw Error(ErrorKind::bad_input,
                fmt::format("the certificate was made of mock numbers, which say nothing about {}", model),
                "make one of the model itself: heretix calibrate --json > FILE");
  if (!map.readout.empty() && map.readout != readout)
    throw Error(ErrorKind::bad_input,
                fmt::format("the certificate is for beliefs read by {}, not by {}", map.readout, readout),
                "a map says nothing about another readout");
}

namespace {

// The number that the map was fitted to.
struct Mapped {
  Probability p;
  std::optional<Interval> interval;
};
Mapped mapped_number(const RecalibrationMap& map, const Record& record) {
  if (map.number == kBeliefMethod) return {record.belief.p(), record.belief.interval()};
  const auto& bounds = record.honest.bounds;
  return {record.honest.p, bounds ? std::optional(bounds->interval) : std::nullopt};
}

}  // namespace

nlohmann::json recalibrated_json(const RecalibrationMap& map, const Record& record) {
  const auto [p, found] = mapped_number(map, record);
  return {{"p", map.apply(p.value())},
          {"of", map.number},
          {"ci", found ? nlohmann::json({map.apply(found->low.value()), map.apply(found->high.value())})
                       : nlohmann::json(nullptr)},
          {"certificate_sha256", map.sha256},
          {"labels", map.labels},
          {"brier_before", map.brier_before},
          {"brier_after", map.brier_after}};
}

std::string recalibrated_text(const RecalibrationMap& map, const Record& record) {
  const auto [p, found] = mapped_number(map, record);
  std::string text = fmt::format("  recalibrated: p = {:.2f}", map.apply(p.value()));
  if (found) text += fmt::format(", {:.2f} to {:.2f}", map.apply(found->low.value()), map.apply(found->high.value()));
  return text +
         fmt::format(" by a map of {} labels (Brier {:.3f} before, {:.3f} after, cross-fitted; certificate {})\n",
                     map.labels, map.brier_before, map.brier_after, map.sha256.substr(0, 16));
}

}  // namespace heretix
