#include <arrow/buffer.h>
#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "archive/export/parquet/arrow_error.hpp"
#include "archive/export/target.hpp"
#include "base/file.hpp"
#include "base/url.hpp"

namespace heretix {
namespace {

namespace fs = std::filesystem;

// Arrow's S3 part is a library of its own beside libarrow, wherever that lies.
void load_s3() {
  Dl_info where{};
  const auto function = &arrow::fs::LoadFileSystemFactories;
  if (dladdr(reinterpret_cast<void*>(function), &where) == 0)
    throw Error(ErrorKind::broken, "cannot tell where libarrow is");
  const fs::path arrow(where.dli_fname);
  const std::string suffix = arrow.filename().string().substr(std::string("libarrow").size());
  require_ok(arrow::fs::LoadFileSystemFactories((arrow.parent_path() / ("libarrow_s3" + suffix)).c_str()));
}

// Arrow's S3 part must be ended before the process is, whatever was thrown meanwhile.
struct S3Part {
  S3Part() { load_s3(); }
  ~S3Part() { arrow::fs::EnsureFinalized(); }
  S3Part(const S3Part&) = delete;
  S3Part& operator=(const S3Part&) = delete;
};

class S3Target final : public Target {
 public:
  explicit S3Target(const std::string& address) : shown_(shown_url(address)) {
    auto opened = arrow::fs::FileSystemFromUri(address, &root_);
    if (!opened.ok())
      throw Error(ErrorKind::bad_input, fmt::format("{}: {}", shown_, opened.status().message()),
                  "give s3://BUCKET/PREFIX?region=…");
    if (root_.empty() || root_.starts_with('/'))
      throw Error(ErrorKind::bad_input, fmt::format("{} names no bucket", shown_), "give s3://BUCKET/PREFIX?region=…");
    files_ = opened.ValueUnsafe();
  }
  std::string shown() const override { return shown_; }
  bool is_folder() const override { return false; }

  std::optional<std::string> read(const std::string& path) override {
    const arrow::fs::FileInfo info = value_of(files_->GetFileInfo(full(path)));
    if (info.type() == arrow::fs::FileType::NotFound) return std::nullopt;
    const auto file = value_of(files_->OpenInputFile(info));
    return value_of(file->Read(value_of(file->GetSize())))->ToString();
  }

  std::vector<ListedFile> list(const std::string& folder) override {
    arrow::fs::FileSelector selector;
    selector.base_dir = full(folder);
    selector.recursive = true;
    selector.allow_not_found = true;
    std::vector<ListedFile> found;
    for (const arrow::fs::FileInfo& info : value_of(files_->GetFileInfo(selector))) {
      if (info.IsFile()) found.push_back({.path = info.path().substr(root_.size() + 1), .bytes = info.size()});
    }
    return found;
  }

  std::optional<std::string> cheap_end(const std::string&, std::int64_t) override { return std::nullopt; }

  void lock() override {}

  StagedFile staged_file(const std::string& name) override {
    if (!staging_) staging_.emplace();
    return {staging_->path() + "/" + name};
  }

  // An object is there whole once its upload is completed.
  void publish(const StagedFile& staged, const std::string& path) override {
    std::ifstream in(staged.local_path, std::ios::binary);
    const auto out = value_of(files_->OpenOutputStream(full(path)));
    std::vector<char> piece(1 << 20);
    while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0)
      require_ok(out->Write(piece.data(), in.gcount()));
    require_ok(out->Close());
    in.close();
    fs::remove(staged.local_path);
  }

  void replace(const SmallFile& file) override {
    const auto out = value_of(files_->OpenOutputStream(full(file.path)));
    require_ok(out->Write(file.text.data(), static_cast<std::int64_t>(file.text.size())));
    require_ok(out->Close());
  }

  void remove(const std::string& path) override { require_ok(files_->DeleteFile(full(path))); }
  void clear_staging() override {}

 private:
  std::string full(const std::string& path) const { return root_ + "/" + path; }

  S3Part part_;  // first to come, last to go
  std::string shown_;
  std::string root_;
  std::shared_ptr<arrow::fs::FileSystem> files_;
  std::optional<TemporaryFolder> staging_;
};

}  // namespace

std::unique_ptr<Target> open_s3(const std::string& address) { return std::make_unique<S3Target>(address); }

}  // namespace heretix
