#include "service/http/client_load.hpp"

#include <algorithm>
#include <utility>

namespace heretix::http {

ClientLoad::Place::Place(Place&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), who_(std::move(other.who_)), what_(other.what_) {}

ClientLoad::Place& ClientLoad::Place::operator=(Place&& other) noexcept {
  if (this == &other) return *this;
  leave();
  owner_ = std::exchange(other.owner_, nullptr);
  who_ = std::move(other.who_);
  what_ = other.what_;
  return *this;
}

void ClientLoad::Place::leave() {
  if (owner_ == nullptr) return;
  auto& under_way = std::exchange(owner_, nullptr)->under_way_;

  const auto entry = under_way.find(who_);
  --entry->second[static_cast<std::size_t>(what_)];
  if (std::ranges::all_of(entry->second, [](std::size_t count) { return count == 0; })) under_way.erase(entry);
}

ClientLoad::Place ClientLoad::enter(const std::string& who, Load what, std::size_t most) {
  const auto entry = under_way_.try_emplace(who).first;
  std::size_t& count = entry->second[static_cast<std::size_t>(what)];
  if (count < most) {
    ++count;
    return {*this, who, what};
  }
  return {};
}

}  // namespace heretix::http
