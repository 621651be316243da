// The certificates in the store: every one that heretix calibrate made, the newest of a model counts. Owns the SQL of
// heretix_certificates (docs/storage.md).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "store/database.hpp"
#include "studies/calibrate/certificate.hpp"

namespace heretix {

// Whose probabilities a certificate is about, and how they were read.
struct Certified {
  ModelName model;
  std::string mode;     // the text of answering_mode()
  std::string readout;  // readout_name()
};

class CertificateStore {
 public:
  explicit CertificateStore(Database& database) : database_(database) {}

  // `now` in seconds of Unix time.
  void keep(const Certificate& certificate, long long now);

  // Empty if there is none, or if the file has an earlier schema and is only read.
  std::optional<nlohmann::json> newest(const Certified& of);

 private:
  Database& database_;
};

}  // namespace heretix
