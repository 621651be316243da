#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "archive/load_record.hpp"
#include "archive/signed_envelope.hpp"
#include "archive/verify.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"
#include "cli/advice.hpp"
#include "cli/exit_code.hpp"
#include "cli/session.hpp"
#include "cli/signing.hpp"
#include "cli/stored_results.hpp"
#include "cli/terminal.hpp"

namespace heretix {

PublicKey public_key_given(const std::string& given) {
  if (given.starts_with("ed25519:")) return PublicKey::parse(given, "the key");
  const auto text = content_of_file(given);
  if (!text)
    throw Error(ErrorKind::not_found, fmt::format("cannot read the public key {}", on_one_line(shortened(given, 100))),
                "give a file, or the line that heretix sign --new-key printed: ed25519:…");
  return PublicKey::parse(*text, on_one_line(given));
}

SigningKey signing_key_in(const std::string& path) {
  const std::string shown = on_one_line(path);
  struct stat facts {};
  if (::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && (facts.st_mode & 077U) != 0)
    throw Error(ErrorKind::not_allowed,
                fmt::format("{} may be read by others (mode {:o})", shown, facts.st_mode & 0777U),
                "chmod 600 " + shell_word(path));
  auto text = content_of_file(path);
  if (!text)
    throw Error(ErrorKind::not_found, fmt::format("cannot read the private key {}", shown),
                "heretix sign --new-key FILE makes one");
  const auto wipe = [&] { sodium_memzero(text->data(), text->size()); };
  try {
    SigningKey key = SigningKey::parse(*text, shown);
    wipe();
    return key;
  } catch (...) {
    wipe();
    throw;
  }
}

namespace {

struct SignOptions : StoredRunOptions {
  std::string key;      // a file with the private key
  std::string new_key;  // a file to be made
};

// A file that is there is never replaced: what was signed with its key could be signed no more.
int make_key_pair(const std::string& path) {
  const SigningKey key = SigningKey::make();
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.number() < 0 && errno == EEXIST)
    throw Error(ErrorKind::conflict, fmt::format("{} already exists, and a key is never replaced", on_one_line(path)),
                "name another file");
  std::string pem = key.pem();
  const bool is_written = file.number() >= 0 && write_all(file.number(), pem) && ::fsync(file.number()) == 0;
  const int why = errno;
  sodium_memzero(pem.data(), pem.size());
  if (!is_written) {
    if (file.number() >= 0) ::unlink(path.c_str());
    throw Error(ErrorKind::not_allowed, fmt::format("cannot write {}: {}", on_one_line(path), std::strerror(why)),
                "name a file in a folder that you may write to");
  }

  print_result(key.public_key().line() + "\n");
  print_note(
      fmt::format("the private key is in {}; keep it to yourself. The line is the public key, with the id {}: "
                  "publish it",
                  on_one_line(path), key.public_key().id()));
  return kDone;
}

// The artifact in a file, signed already or not, or the one of a stored run.
SignedEnvelope envelope_to_sign(const SignOptions& options) {
  SignedEnvelope envelope;
  if (has_ending(options.run, ".json")) {
    auto text = content_of_file(options.run);
    if (!text)
      throw Error(ErrorKind::not_found, fmt::format("cannot read {}", on_one_line(options.run)),
                  "name an artifact (docs/record.md), or a run: see heretix list");
    if (auto signed_before = envelope_of({.name = options.run, .text = *text})) return *std::move(signed_before);
    envelope.payload = *std::move(text);
    return envelope;
  }

  const StoredRuns stored = open_for_reading(options, {options.run});
  const Record record = stored_record(*stored.store, options.run);
  write_artifact(record, to_json(record), [&](const std::string& piece) { envelope.payload += piece; });
  return envelope;
}

// A signature says that its owner stands by the numbers, so they have to follow from the answers.
void require_recomputable(const SignOptions& options, const std::string& artifact) {
  const Verification found = verify_artifact({.name = options.run, .text = artifact});
  if (found.passed()) return;
  throw Error(ErrorKind::bad_input,
              fmt::format("{} does not follow from its answers, so it was not signed: {}", on_one_line(options.run),
                          on_one_line(found.differences.front())),
              "heretix verify names every difference");
}

int sign_command(const SignOptions& options) {
  if (!options.new_key.empty()) {
    if (!options.run.empty() || !options.key.empty() || !options.out.empty())
      throw Error(ErrorKind::bad_input, "--new-key makes a key and signs nothing", "sign in a second command");
    return make_key_pair(options.new_key);
  }
  if (options.key.empty())
    throw Error(ErrorKind::bad_input, "no key is given to sign with",
                "--key FILE with a private key; heretix sign --new-key FILE makes one");

  const SigningKey key = signing_key_in(options.key);
  if (options.run.empty()) {
    print_result(key.public_key().line() + "\n");
    return kDone;
  }

  SignedEnvelope envelope = envelope_to_sign(options);
  require_recomputable(options, envelope.payload);
  add_signature(envelope, key);
  if (options.out.empty()) {
    print_result(to_text(envelope));
    return kDone;
  }
  write_file({.name = options.out, .text = to_text(envelope)});
  print_note(fmt::format("written to {}, signed by the key {}", on_one_line(options.out), key.public_key().id()));
  return kDone;
}

}  // namespace

void register_sign(CommandTable& table) {
  const auto [sign, o] = table.add<SignOptions>(
      "sign", "sign a record, so that others can check who made it: heretix verify FILE --key PUBLIC", sign_command);
  sign.add_option("run", o.run,
                  "a run or execution id, or the beginning of one; or an artifact (.json), signed already or not. "
                  "Without it, the public key of --key is printed")
      ->type_name("RUN");
  sign.add_option("--key", o.key, "the private key to sign with, Ed25519 as PKCS #8 in PEM")->type_name("FILE");
  sign.add_option("--new-key", o.new_key, "make a private key in this new file, and print its public key")
      ->type_name("FILE");
  sign.add_option("-o,--out", o.out, "write the signed record to this file instead of printing it")->type_name("FILE");
  add_store_to_read(sign, o);
  add_database(sign, o, "read the run from this Postgres database instead of the store");
}

}  // namespace heretix
