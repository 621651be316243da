#include "cli/resources.hpp"

#include <filesystem>

#include "base/error.hpp"

namespace heretix {
namespace {

namespace fs = std::filesystem;

fs::path program_folder() {
  std::error_code failed;
  return fs::read_symlink("/proc/self/exe", failed).parent_path();
}
fs::path share_folder() { return program_folder().parent_path() / "share" / "heretix"; }

}  // namespace

std::string prompts_folder() { return share_folder() / "prompts"; }
std::string golden_folder() { return share_folder() / "golden"; }
std::string labelled_claims_file() { return share_folder() / "labelled_claims.csv"; }
std::string sentinels_file() { return share_folder() / "sentinels.csv"; }
std::string embedded_certificate_file() { return share_folder() / "embedded_certificate.json"; }

std::string export_program() { return program_folder() / "heretix-export"; }
std::string duckdb_program() { return program_folder().parent_path() / "lib" / "heretix" / "duckdb"; }

std::string default_model_path() {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(share_folder() / "models", failed)) {
    if (entry.path().extension() == ".gguf") return entry.path();
  }
  throw Error(ErrorKind::not_found, "the embedded model is not installed",
              "the package heretix-model-smollm2-135m has it, and make build fetches it; or name a GGUF file: --model "
              "llama:/path/to/model.gguf");
}

bool is_default_model(const std::string& path) {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(share_folder() / "models", failed)) {
    if (entry.path().extension() == ".gguf") return fs::equivalent(path, entry.path(), failed);
  }
  return false;
}

bool is_default_model_name(const std::string& name) {
  if (!name.starts_with("llama/")) return false;
  try {
    return name == "llama/" + fs::path(default_model_path()).stem().string();
  } catch (const Error&) { return false; }  // none is installed
}

}  // namespace heretix
