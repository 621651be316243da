#include "studies/calibrate/certificate_store.hpp"

#include <nlohmann/json.hpp>

#include "base/version.hpp"

namespace heretix {
namespace {

constexpr std::string_view kKeep =
    "INSERT INTO heretix_certificates (model, mode, readout, labels_sha256, made_at, program_version, "
    "certificate_json) VALUES (:model, :mode, :readout, :labels, :now, :version, :certificate)";

// Rows are numbered as they come.
constexpr std::string_view kNewest =
    "SELECT certificate_json FROM heretix_certificates WHERE model = :model AND mode = :mode AND readout = :readout "
    "ORDER BY made_at DESC, rowid DESC LIMIT 1";

}  // namespace

void CertificateStore::keep(const Certificate& certificate, long long now) {
  in_transaction(database_, [&] {
    database_.execute(kKeep, {{":model", certificate.model},
                              {":mode", certificate.mode},
                              {":readout", certificate.readout},
                              {":labels", certificate.labels_sha256},
                              {":now", std::int64_t{now}},
                              {":version", std::string(kVersion)},
                              {":certificate", to_json(certificate).dump()}});
  });
}

std::optional<nlohmann::json> CertificateStore::newest(const Certified& of) {
  if (!database_.has_table("heretix_certificates")) return std::nullopt;
  const auto found = database_.query(kNewest, {{":model", of.model}, {":mode", of.mode}, {":readout", of.readout}});
  if (found.empty()) return std::nullopt;
  return nlohmann::json::parse(found[0].required_text("certificate_json"));
}

}  // namespace heretix
