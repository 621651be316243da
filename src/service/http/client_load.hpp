// Counts what each client and each user has under way, so that none of them can take everything.
//
// A connection from a trusted proxy belongs to no client in particular; the client that it forwards is counted instead.
// Not thread-safe: one thread uses it.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <unordered_map>

namespace heretix::http {

// docs/operations.md has the same numbers.
struct LoadLimits {
  std::size_t connections = 4096;  // of all clients together
  std::size_t connections_of_client = 64;
  std::size_t requests_of_client = 64;  // from the end of the head to the end of the response
  std::size_t streams_of_client = 64;   // of events
  std::size_t requests_of_user = 64;
  std::size_t streams_of_user = 32;
};

enum class Load { connections, requests, streams };

class ClientLoad {
 public:
  // Stands for one thing under way for as long as the object lives. It must not outlive the ClientLoad that counts it.
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

  // Counts one more for `who`. If that would be more than `most`, nothing is counted and the place returned is not
  // taken.
  Place enter(const std::string& who, Load what, std::size_t most);

 private:
  static constexpr std::size_t kKinds = 3;
  // Holds nobody who has nothing under way.
  std::unordered_map<std::string, std::array<std::size_t, kKinds>> under_way_;
};

}  // namespace heretix::http
