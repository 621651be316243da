// What a repository of a hub holds, and which of its files make the model that was asked for. All of it is pure.
//
// The choice is the one of llama.cpp's own `-hf` (common/download.cpp, November 2026): the quantisation that was named;
// if none was named Q4_K_M, else Q8_0, else the first model in the order of the listing. Projectors of images
// ("mmproj"), importance matrices and drafting models are no models to ask.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heretix {

struct HubFile {
  std::string path;    // within the repository, with '/'
  std::string sha256;  // 64 lower-case digits; empty: the listing names none
  std::uint64_t bytes = 0;

  std::string name() const;  // the last part of the path
  bool operator==(const HubFile&) const = default;
};

// The model files of one page of a listing (`/api/models/REPO/tree/REVISION`): GGUF files under names that are safe as
// names of our own files. Throws Error{unavailable} for a body that is not such a page.
std::vector<HubFile> gguf_files_of(std::string_view page);

// The address of the next page in a `Link` header (RFC 8288); empty: this was the last one.
std::optional<std::string> next_page(std::string_view link_header);

// "Q4_K_M" of "Model-Q4_K_M.gguf" and of "Model-Q4_K_M-00001-of-00003.gguf", in upper case. Empty if the name does not
// end in a word that stands behind '-' or '.'.
std::string quantisation_of(std::string_view path);

// The files of the model, all parts in their order, for a quantisation (in either case), a path or "". Throws
// Error{not_found}, which names what there is, if nothing fits, and Error{unavailable} for a set of parts that is not
// complete. `repository` is for the message.
std::vector<HubFile> choose_model(const std::vector<HubFile>& files, std::string_view selector,
                                  const std::string& repository);

// "4.4 GB", "91.7 MB", "812 bytes": decimal units, as hubs show them.
std::string size_text(std::uint64_t bytes);

}  // namespace heretix
