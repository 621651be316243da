// The prompt banks in the form in which checks ask them, with their digests.
//
// Every request needs them, and making them costs more than the rest of planning a check, so each is made once and kept
// as long as its file is not changed. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "belief/prompt/banks.hpp"
#include "measure/run_check.hpp"

namespace heretix {

struct AskedBank {
  PromptBank bank;             // as asked_bank() makes it
  std::string content_sha256;  // of that
};

class AskedBanks {
 public:
  // `banks` is borrowed for as long as this object lives.
  explicit AskedBanks(const PromptBanks& banks) : banks_(banks) {}

  // The bank that the request names, for its readout. Throws what named_bank() and asked_bank() throw.
  std::shared_ptr<const AskedBank> get(const CheckRequest& request) const;

 private:
  struct Kept {
    std::shared_ptr<const PromptBank> named;  // what it was made of
    std::shared_ptr<const AskedBank> asked;
  };

  const PromptBanks& banks_;
  mutable std::mutex mutex_;
  mutable std::map<std::pair<std::string, Readout>, Kept> kept_;  // by the bank's name and the readout
};

}  // namespace heretix
