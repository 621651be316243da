#include "service/intake/asked_banks.hpp"

#include "belief/record/record.hpp"

namespace heretix {

std::shared_ptr<const AskedBank> AskedBanks::get(const CheckRequest& request) const {
  const std::shared_ptr<const PromptBank> named = banks_.find(name_of_bank(request));
  const std::pair key{request.bank, request.readout};
  {
    const std::lock_guard lock(mutex_);
    const auto found = kept_.find(key);
    if (found != kept_.end() && found->second.named == named) return found->second.asked;
  }

  AskedBank made{.bank = asked_bank(request, *named), .content_sha256 = {}};
  made.content_sha256 = content_sha256(made.bank);
  auto asked = std::make_shared<const AskedBank>(std::move(made));
  const std::lock_guard lock(mutex_);
  kept_.insert_or_assign(key, Kept{named, asked});
  return asked;
}

}  // namespace heretix
