// One file of a hub, whole and checked, on this machine.
//
// While it arrives, it lies beside its final place as "NAME.part", with the ETag that it came under in
// "NAME.part.etag". It gets its final name only when its length and its sha256 are those of the hub's listing. What a
// download left behind that broke off, or was killed, is hashed and continued.
#pragma once

#include <functional>
#include <string>

#include "models/hub/hub.hpp"

namespace heretix {

inline constexpr std::string_view kPartEnding = ".part";
inline constexpr std::string_view kEtagEnding = ".part.etag";

struct DownloadPlace {
  std::string path;          // of the finished file; its folder exists
  std::uint64_t before = 0;  // bytes of the model's other files that are here already, for the progress
  std::uint64_t of = 0;      // bytes of all files of the model
};

// Does nothing if the finished file is there with the right length. Only one process may do this for a path at a time.
// Throws Error: what Hub throws, and unavailable if the disk is full or cannot be written, or if the content is not
// what the listing says, even after a second, whole download.
void download(Hub& hub, const HubName& name, const std::string& commit, const HubFile& file, const DownloadPlace& place,
              PullObserver& observer);

// "the disk is full": why the system refused to write a file there, with what to do about it.
Error write_error(const std::string& path, int error_number);

}  // namespace heretix
