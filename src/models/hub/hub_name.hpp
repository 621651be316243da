// How a model of a model hub is named: "hf:OWNER/REPO", "hf:OWNER/REPO:QUANT", "hf:OWNER/REPO@REVISION:QUANT".
//
// A hub keeps repositories of files in the way of the Hugging Face Hub. One repository may hold a model in several
// quantisations, each as one GGUF file or as a set of numbered parts.
#pragma once

#include <string>
#include <string_view>

namespace heretix {

inline constexpr std::string_view kHubPrefix = "hf:";
inline constexpr std::string_view kDefaultRevision = "main";

struct HubName {
  std::string owner, repository;
  std::string revision;  // a branch, a tag or a commit; empty: not given, which means kDefaultRevision
  std::string selector;  // a quantisation ("Q4_K_M") or a file of the repository ("x.gguf"); empty: the usual one

  std::string repository_id() const { return owner + "/" + repository; }
  std::string asked_revision() const { return revision.empty() ? std::string(kDefaultRevision) : revision; }
  std::string text() const;  // with the prefix

  bool operator==(const HubName&) const = default;
};

// Whether the text names a model of a hub, well or badly. Pure.
bool is_hub_name(std::string_view text);

// Reads a name with or without the prefix. Throws Error{bad_input} that shows the form. Pure.
HubName parse_hub_name(std::string_view text);

}  // namespace heretix
