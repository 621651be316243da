#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/number.hpp"
#include "base/random.hpp"
#include "service/mail/transport.hpp"

namespace heretix {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnvelope = "X-Heretix-Envelope: ";

[[noreturn]] void cannot_write(const std::string& path) {
  throw Error(ErrorKind::not_allowed, fmt::format("cannot write {}: {}", path, std::generic_category().message(errno)),
              "make the folder writable, or free space");
}

Descriptor opened(const std::string& path, int flags) {
  Descriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (file.number() < 0) cannot_write(path);
  return file;
}

struct Stored {
  Mail envelope;  // addresses only
  std::string text;
};

// The first line names sender and recipients; the rest is the message as it is sent.
Stored read_stored(const std::string& path) {
  const std::string content = content_of_file(path).value_or("");
  const std::size_t end = content.find("\r\n");
  if (!content.starts_with(kEnvelope) || end == std::string::npos)
    throw Error(ErrorKind::broken, fmt::format("{} is not a mail of this outbox", path), "remove it");
  std::istringstream addresses(content.substr(kEnvelope.size(), end - kEnvelope.size()));
  Stored stored{.envelope = {.from = {}, .to = {}, .subject = {}, .body = {}}, .text = content.substr(end + 2)};
  addresses >> stored.envelope.from;
  for (std::string address; addresses >> address;) stored.envelope.to.push_back(address);
  return stored;
}

}  // namespace

std::string Outbox::put(const Mail& mail, const Clock& clock) {
  require_sendable(mail);
  std::error_code failed;
  fs::create_directories(folder_, failed);
  const std::string id = fmt::format("{}-{}", unix_micros(clock.now()), random_hex(8));
  std::string path = fmt::format("{}/{}.eml", folder_, id);
  const std::string domain = mail.from.substr(mail.from.find('@') + 1);
  const std::string text = fmt::format("{}{} {}\r\n{}", kEnvelope, mail.from, fmt::join(mail.to, " "),
                                       mime_text(mail, unix_seconds(clock.now()), id + "@" + domain));

  const std::string part = path + ".part";
  const Descriptor file = opened(part, O_WRONLY | O_CREAT | O_TRUNC);
  if (!write_all(file.number(), text) || ::fsync(file.number()) != 0) cannot_write(part);
  if (::rename(part.c_str(), path.c_str()) != 0) cannot_write(path);
  const Descriptor folder = opened(folder_, O_RDONLY | O_DIRECTORY);
  ::fsync(folder.number());
  return path;
}

std::vector<std::string> Outbox::waiting() const {
  std::vector<std::string> paths;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder_, failed)) {
    if (entry.path().extension() == ".eml") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

void Outbox::remove(const std::string& subject,
                    const std::function<bool(const Mail& envelope, std::int64_t written)>& is_meant) const {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder_, failed)) {
    const fs::path& path = entry.path();
    if (path.extension() != ".eml" && path.extension() != ".refused") continue;
    const std::string name = path.filename();
    const auto written = whole_number(std::string_view(name).substr(0, name.find('-')));
    if (!written) continue;  // not one of ours

    try {
      const Stored stored = read_stored(path);
      const bool is_of_subject = stored.text.find("\r\nSubject: " + subject + "\r\n") != std::string::npos;
      if (is_of_subject && is_meant(stored.envelope, *written)) ::unlink(path.c_str());
    } catch (const Error&) {
      continue;  // sent meanwhile, or not a mail of this outbox
    }
  }
}

Outbox::Delivered Outbox::deliver(const SmtpServer& server) {
  Delivered done;
  if (waiting().empty()) return done;
  const Descriptor lock = opened(folder_ + "/.lock", O_RDWR | O_CREAT);
  if (::flock(lock.number(), LOCK_EX) != 0) cannot_write(folder_ + "/.lock");
  for (const std::string& path : waiting()) {
    try {
      const Stored stored = read_stored(path);
      send_by_smtp(server, stored.envelope, stored.text);
      ++done.sent;
      ::unlink(path.c_str());
    } catch (const Error& e) {
      done.failures.push_back(fmt::format("{}: {}", path, e.what()));
      if (e.kind() == ErrorKind::not_allowed)
        ::rename(path.c_str(), (path.substr(0, path.size() - 4) + ".refused").c_str());
      if (e.kind() == ErrorKind::unavailable) break;  // the others would wait as long
    }
  }
  return done;
}

}  // namespace heretix
