// A model hub over HTTP, in the shape of the Hugging Face Hub: which files a repository holds, and their bytes.
//
// The token goes to the hub's own origin and nowhere else: a hub redirects downloads to other hosts, whose addresses
// are signed. Redirects from https to http are not followed.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/url.hpp"
#include "models/http/engine.hpp"
#include "models/hub/hub_listing.hpp"
#include "models/hub/hub_name.hpp"

namespace heretix {

inline constexpr std::string_view kUsualHub = "https://huggingface.co";

struct HubSettings {
  std::string endpoint = std::string(kUsualHub);  // HF_ENDPOINT; may have a path
  std::string token{};                            // HF_TOKEN; empty: nothing is sent
  std::string ca_file{};                          // trusted certificates instead of the system's
};

// What a person is told while a model is fetched. Called on the thread that fetches.
class PullObserver {
 public:
  virtual ~PullObserver() = default;
  virtual void on_start(const std::string& /*what*/) {}                   // before the first byte
  virtual void on_bytes(std::uint64_t /*have*/, std::uint64_t /*of*/) {}  // of all files together
  virtual void on_wait(const std::string& /*why*/) {}                     // nothing arrives for a while
  virtual bool stopped() const { return false; }                          // fetching ends as soon as it is true
};

struct HubListing {
  std::string commit;          // of the revision, 40 hexadecimal digits
  std::vector<HubFile> files;  // that may be models, in the hub's order
};

// Why a request did not succeed.
struct HubFailure {
  Error error;
  bool may_pass = false;  // the same request may succeed later
  std::optional<std::chrono::milliseconds> wait{};
  int status = 0;  // of the reply; 0: there was none
};

class Hub {
 public:
  // Throws Error: bad_input for an endpoint or a token that cannot be sent, not_allowed for a token that would travel
  // unencrypted to another machine.
  explicit Hub(HubSettings settings);

  const std::string& address() const { return address_; }  // without a '/' at its end

  // Throws Error, after some tries: not_found for no such repository, revision or model, not_allowed where the hub asks
  // for another token, unavailable, stopped.
  HubListing list(const HubName& name, PullObserver& observer);

  // Asks once for a file, with these headers beside the hub's own. The body of a success goes to `take`. Returns why it
  // failed, if it failed; a transfer that `take` ended is such a failure. Throws Error{stopped}.
  std::optional<HubFailure> fetch(const HubName& name, const std::string& commit, const HubFile& file,
                                  const std::vector<std::string>& headers, const TakeBytes& take,
                                  PullObserver& observer);

  // Waits before try number `tries` + 1 and tells why. Throws the failure's error if it cannot pass, or if `tries` were
  // enough, and Error{stopped}.
  void wait_after(const HubFailure& failure, int tries, PullObserver& observer) const;

 private:
  struct Got {
    HttpResponse response;
    bool is_from_hub = true;  // and not from a host that it redirected to
  };
  Got get(const std::string& address, const std::vector<std::string>& headers, const TakeBytes& take,
          PullObserver& observer);
  HttpResponse send(const Url& url, std::vector<std::string> headers, TakeBytes take, PullObserver& observer);
  Got get_whole(const std::string& address, const HubName& name, PullObserver& observer);
  std::optional<HubFailure> failure_in(const Got& got, const HubName& name) const;
  HubFailure refusal_in(const Got& got, const HubName& name) const;
  std::string words_of(const HttpResponse& response) const;
  bool is_own(const Url& url) const { return url.origin() == endpoint_.origin(); }

  HubSettings settings_;
  Url endpoint_;
  std::string address_;
  std::unique_ptr<HttpEngine> engine_;
};

// Throws Error{stopped} if the person ended it.
void require_going_on(const PullObserver& observer);

}  // namespace heretix
