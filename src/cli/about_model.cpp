#include "cli/about_model.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/resources.hpp"
#include "studies/calibrate/certificate_store.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::string_view kEmbeddedName = "SmolLM2-135M";  // without its form and its quantisation

// The certificate that ships, if it is about this model, read in this way.
std::optional<json> shipped_certificate(const Certified& of) {
  const auto text = content_of_file(embedded_certificate_file());
  if (!text) return std::nullopt;
  try {
    json certificate = json::parse(*text);
    const bool is_about_it = certificate.at("model") == of.model.text() && certificate.at("mode") == of.mode &&
                             certificate.at("readout") == of.readout;
    return is_about_it ? std::optional(std::move(certificate)) : std::nullopt;
  } catch (const json::exception& e) {
    throw Error(ErrorKind::bad_input, fmt::format("{}: {}", embedded_certificate_file(), e.what()),
                "install heretix again, or remove that file");
  }
}

}  // namespace

bool is_embedded(const Recipe& recipe) {
  return !recipe.mode.value("gguf").empty() && is_default_model_name(recipe.model.text());
}

std::string about_model(const Recipe& recipe, Database& store) {
  const Certified of{
      .model = recipe.model, .mode = answering_mode(recipe.mode).text(), .readout = readout_name(recipe)};
  const bool is_ours = is_embedded(recipe);
  std::optional<json> certificate = CertificateStore(store).newest(of);
  if (!certificate && is_ours) certificate = shipped_certificate(of);

  const std::string certified = certificate ? in_words(certified_right(*certificate)) : "";
  if (is_ours) return fmt::format("{} is a demonstration{}{}", kEmbeddedName, certified.empty() ? "" : ": ", certified);
  return certified.empty() ? "" : fmt::format("{}: {}", recipe.model, certified);
}

std::string for_real_measurements() {
  return "for a real measurement use a larger model: --model llama:FILE.gguf, or a hosted one such as --model "
         "openai/gpt-5 (heretix models)";
}

}  // namespace heretix
