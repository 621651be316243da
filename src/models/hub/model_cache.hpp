// The models that were fetched from a hub: a folder of files, each with what is known about it.
//
//   FOLDER/OWNER/REPO/<first 16 digits of the sha256>/model.json     what it is; written last
//                                                    /NAME.gguf      the file, or all of its parts
//                                                    /NAME.gguf.part while it is fetched (model_download.hpp)
//   FOLDER/OWNER/REPO/<the same 16 digits>.lock                      held by the process that fetches or removes it
//
// A folder is named by its content, so another state of a repository never overwrites a file that is in use, and
// whatever a download left behind belongs to the content that it is continued with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/hub/hub.hpp"

namespace heretix {

struct PulledModel {
  HubName name;                // by which it is asked for again: owner, repository and selector
  std::string hub;             // "https://huggingface.co"
  std::string commit;          // of the repository
  std::vector<HubFile> parts;  // one, or all parts in order
  std::string folder;
  std::int64_t pulled_at = 0;  // Unix seconds, UTC; of the newest pull that found it
  bool is_whole = true;        // false: the download broke off
  std::uint64_t here = 0;      // bytes of it on this machine

  std::string path() const;  // of the file, or of its first part, which llama.cpp is given
  std::uint64_t bytes() const;
};

class ModelCache {
 public:
  // The folder is made when it is first needed.
  explicit ModelCache(std::string folder) : folder_(std::move(folder)) {}

  const std::string& folder() const { return folder_; }

  // The whole model that was fetched under this name, without asking the hub; the newest if there are several.
  std::optional<PulledModel> find(const HubName& name) const;

  // All of them, unfinished ones among them, by name. What cannot be read is left out.
  std::vector<PulledModel> list() const;

  // Fetches what is missing of the model and returns it. Any number of processes may do so at once: one fetches, the
  // others wait for it. Throws what Hub and download() throw, and Error{unavailable} if the disk has too little room.
  PulledModel pull(const HubName& name, Hub& hub, PullObserver& observer) const;

  // Returns the bytes that became free. Throws Error{conflict} if another process is fetching it, and
  // Error{unavailable} if a file cannot be removed.
  std::uint64_t remove(const PulledModel& model) const;

 private:
  std::string folder_;
};

}  // namespace heretix
