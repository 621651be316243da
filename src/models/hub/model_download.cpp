#include "models/hub/model_download.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kReadable = 0644;
constexpr std::size_t kBlock = 1U << 20;
constexpr std::size_t kMostEtagBytes = 1000;
constexpr std::uint64_t kLongToHash = 2'000'000'000;  // bytes; takes some seconds, which are told

// "bytes 100-199/200". The total may be '*'.
struct ContentRange {
  std::uint64_t begin = 0;
  std::optional<std::uint64_t> total;
};

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<ContentRange> content_range(std::string_view header) {
  constexpr std::string_view kUnit = "bytes ";
  const std::size_t dash = header.find('-'), slash = header.find('/');
  if (!header.starts_with(kUnit) || dash == std::string_view::npos || slash == std::string_view::npos)
    return std::nullopt;
  const auto begin = number_of(header.substr(kUnit.size(), dash - kUnit.size()));
  if (!begin) return std::nullopt;
  return ContentRange{*begin, number_of(header.substr(slash + 1))};
}

class Download {
 public:
  Download(Hub& hub, const HubName& name, const std::string& commit, const HubFile& file, const DownloadPlace& place,
           PullObserver& observer)
      : hub_(hub),
        name_(name),
        commit_(commit),
        file_(file),
        place_(place),
        observer_(observer),
        part_path_(place.path + std::string(kPartEnding)),
        etag_path_(place.path + std::string(kEtagEnding)),
        part_(::open(part_path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kReadable)),
        hash_(std::make_unique<Sha256>()) {
    if (part_.number() < 0) throw write_error(part_path_, errno);
  }

  void run() {
    take_up_what_is_there();
    while (true) {
      receive();
      if (to_hex(hash_->finish()) == file_.sha256) break;
      refuse_or_restart();
    }
    give_final_name();
  }

 private:
  // What an earlier download left is hashed again, because only the disk knows which of it arrived there.
  void take_up_what_is_there() {
    struct stat facts {};
    if (::fstat(part_.number(), &facts) != 0) throw write_error(part_path_, errno);
    const auto size_there = static_cast<std::uint64_t>(facts.st_size);
    if (size_there > file_.bytes) return restart();
    if (size_there >= kLongToHash)
      observer_.on_wait(fmt::format("hashing the {} of {} that are here", size_text(size_there), file_.name()));

    std::vector<char> block(kBlock);
    while (true) {
      const ssize_t size = ::read(part_.number(), block.data(), block.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) throw write_error(part_path_, errno);
      if (size == 0) break;
      hash_->update({block.data(), static_cast<std::size_t>(size)});
      have_ += static_cast<std::uint64_t>(size);
      require_going_on(observer_);
    }
    is_continued_ = have_ > 0;
    tell();
  }

  void restart() {
    if (::ftruncate(part_.number(), 0) != 0 || ::lseek(part_.number(), 0, SEEK_SET) != 0)
      throw write_error(part_path_, errno);
    ::unlink(etag_path_.c_str());
    hash_ = std::make_unique<Sha256>();
    have_ = 0;
    is_continued_ = false;
  }

  // Until all bytes are here. A connection that breaks is taken up again; only tries without a byte are counted.
  void receive() {
    int tries = 0;
    std::uint64_t most = have_;  // that were here at any time
    while (have_ < file_.bytes) {
      const bool was_begun = have_ > 0;
      has_begun_reply_ = false;
      wrong_.clear();
      write_errno_ = 0;
      const auto failure = hub_.fetch(
          name_, commit_, file_, headers(),
          [this](int status, const Headers& reply, std::string_view bytes) { return take(status, reply, bytes); },
          observer_);

      if (write_errno_ != 0) throw write_error(part_path_, write_errno_);
      if (have_ == file_.bytes && wrong_.empty()) return;
      wrong_may_pass_ = was_begun;  // all of it may still be right
      if (wrong_.empty() && have_ > most) {
        most = have_;
        tries = 0;
      }
      ++tries;

      // The hub no longer knows the rest that was asked for, or what is here does not fit it.
      const bool has_no_rest = failure && failure->status == 416;
      if (have_ > 0 && (has_no_rest || !wrong_.empty())) restart();
      is_continued_ = have_ > 0;
      hub_.wait_after(failure_of_try(failure, has_no_rest), tries, observer_);
    }
  }

  HubFailure failure_of_try(const std::optional<HubFailure>& failure, bool has_no_rest) const {
    const Error late(ErrorKind::unavailable,
                     fmt::format("{} broke off at {} of {}", file_.name(), size_text(have_), size_text(file_.bytes)),
                     "try again later; what has arrived is kept");
    if (!wrong_.empty())
      return {Error(ErrorKind::unavailable, fmt::format("{}: {}", file_.name(), wrong_),
                    "try again; if it stays so, the hub's listing and its file disagree"),
              wrong_may_pass_};
    if (!failure || has_no_rest) return {late, true};
    return *failure;
  }

  std::vector<std::string> headers() const {
    if (have_ == 0) return {};
    std::vector<std::string> headers = {fmt::format("Range: bytes={}-", have_)};
    // Without an ETag the sha256 tells at the end whether both pieces were of one file.
    const std::string etag = content_of_file(etag_path_).value_or("");
    if (etag.starts_with('"') && etag.ends_with('"') && etag.size() > 2) headers.push_back("If-Range: " + etag);
    return headers;
  }

  bool take(int status, const Headers& reply, std::string_view bytes) {
    if (!std::exchange(has_begun_reply_, true) && !begin_reply(status, reply)) return false;
    if (bytes.size() > file_.bytes - have_) {
      wrong_ = fmt::format("it is longer than the {} bytes of the listing", file_.bytes);
      return false;
    }
    if (!write_all(part_.number(), bytes)) {
      write_errno_ = errno;
      return false;
    }
    hash_->update(bytes);
    have_ += bytes.size();
    tell();
    return true;
  }

  bool begin_reply(int status, const Headers& reply) {
    if (status == 206) {
      const auto range = content_range(reply.value("content-range"));
      if (!range || range->begin != have_ || range->total.value_or(file_.bytes) != file_.bytes)
        wrong_ = "the hub sent another range than the one that was asked for";
    } else if (have_ > 0) {
      // The hub sends all of it: it takes no ranges, or the file is another one.
      try {
        restart();
      } catch (const Error&) {
        write_errno_ = errno;
        return false;
      }
    }
    if (status == 200) {
      const auto length = number_of(reply.value("content-length"));
      if (length && *length != file_.bytes)
        wrong_ = fmt::format("it has {} bytes and not the {} of the listing", *length, file_.bytes);
    }
    if (!wrong_.empty()) return false;

    keep_etag(reply.value("etag"));
    return true;
  }

  // Only a hint for the next try, so a failure does no harm.
  void keep_etag(std::string_view etag) const {
    if (!etag.starts_with('"') || etag.size() > kMostEtagBytes) etag = {};
    const Descriptor file(::open(etag_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kReadable));
    if (file.number() >= 0) (void)write_all(file.number(), etag);
  }

  // A file that was put together from several replies may be of two contents. It is fetched once more as a whole.
  void refuse_or_restart() {
    const bool was_continued = is_continued_;
    restart();
    if (was_continued && !std::exchange(has_restarted_, true)) {
      observer_.on_wait(
          fmt::format("{} does not have the sha256 of the listing; fetching it again as a whole", file_.name()));
      return;
    }
    ::unlink(part_path_.c_str());
    throw Error(ErrorKind::unavailable,
                fmt::format("{} of {} does not have the sha256 of the hub's listing ({}); it was thrown away",
                            file_.name(), name_.repository_id(), file_.sha256),
                "try again; if it stays so, do not trust this hub or the way to it");
  }

  // On the disk first, then under its name.
  void give_final_name() {
    if (::fsync(part_.number()) != 0) throw write_error(part_path_, errno);
    if (::rename(part_path_.c_str(), place_.path.c_str()) != 0) throw write_error(place_.path, errno);
    const Descriptor folder(::open(fs::path(place_.path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.number() >= 0) ::fsync(folder.number());
    ::unlink(etag_path_.c_str());
  }

  void tell() { observer_.on_bytes(place_.before + have_, place_.of); }

  Hub& hub_;
  const HubName& name_;
  const std::string& commit_;
  const HubFile& file_;
  const DownloadPlace& place_;
  PullObserver& observer_;
  std::string part_path_, etag_path_;
  Descriptor part_;
  std::unique_ptr<Sha256> hash_;  // of the first `have_` bytes
  std::uint64_t have_ = 0;
  bool is_continued_ = false;  // put together from more than one reply
  bool has_restarted_ = false;
  bool has_begun_reply_ = false;
  std::string wrong_;  // what is wrong with a reply
  bool wrong_may_pass_ = false;
  int write_errno_ = 0;
};

}  // namespace

Error write_error(const std::string& path, int error_number) {
  const std::string folder = fs::path(path).parent_path().string();
  const bool is_full = error_number == ENOSPC || error_number == EDQUOT;
  if (is_full)
    return Error(ErrorKind::unavailable, fmt::format("there is no room left in {}", folder),
                 "make room (heretix models remove), or name another folder in HERETIX_MODEL_CACHE; what has arrived "
                 "is kept");
  return Error(ErrorKind::unavailable, fmt::format("cannot write {}: {}", path, std::strerror(error_number)),
               "check the folder, or name another one in HERETIX_MODEL_CACHE");
}

void download(Hub& hub, const HubName& name, const std::string& commit, const HubFile& file, const DownloadPlace& place,
              PullObserver& observer) {
  std::error_code failed;
  if (fs::file_size(place.path, failed) == file.bytes && !failed) return;
  Download(hub, name, commit, file, place, observer).run();
}

}  // namespace heretix
