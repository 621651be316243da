// How much each client and each user has under way, so that none of them takes everything.
//
// A connection of a trusted proxy belongs to nobody in particular: what counts is the client that it forwards. Used by
// one thread.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <unordered_map>

namespace heretix::http {

// docs/operations.md has the same numbers.
struct LoadLimits {
  std::size_t connections = 4096;  // of everybody together
  std::size_t connections_of_client = 64;
  std::size_t requests_of_client = 64;  // from the end of the head to the end of the response
  std::size_t streams_of_client = 64;   // of events
  std::size_t requests_of_user = 64;
  std::size_t streams_of_user = 32;
};

enum class Load { connections, requests, streams };

class ClientLoad {
 public:
  // One thing under way, from its making to its end. Must not outlive what counts it.
  class Place {
   public:
    Place() = default;  // counts nothing
    Place(Place&& other) noexcept;
    Place& operator=(Place&& other) noexcept;
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { leave(); }

    bool is_taken() const { return owner_ != nullptr; }
    void leave();

   private:
    friend class ClientLoad;
    Place(ClientLoad& owner, std::string who, Load what) : owner_(&owner), who_(std::move(who)), what_(what) {}

    ClientLoad* owner_ = nullptr;
    std::string who_;
    Load what_ = Load::connections;
  };

  // One more for `who`; where that would be more than `most`, a place that is not taken.
  Place enter(const std::string& who, Load what, std::size_t most);

 private:
  static constexpr std::size_t kKinds = 3;
  std::unordered_map<std::string, std::array<std::size_t, kKinds>> under_way_;  // without those who have nothing
};

}  // namespace heretix::http
