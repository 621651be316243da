#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "archive/signed_envelope.hpp"
#include "archive/verify.hpp"
#include "archive/verify_decision.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/served_names.hpp"
#include "cli/session.hpp"
#include "cli/signing.hpp"
#include "cli/terminal.hpp"
#include "measure/systemone/noul_runs.hpp"
#include "report/mock_mark.hpp"

namespace heretix {
namespace {

struct VerifyOptions : StoredRunOptions {
  std::string key;  // a public key, or a file that holds one
};

// What was found about the origin, where a key was given, and about the arithmetic.
struct Verified {
  Verification arithmetic{};
  std::optional<std::string> signed_by{};  // the id of the key
  std::string signature_fault{};           // why the signature does not hold; then nothing was recomputed
  bool passed() const { return signature_fault.empty() && arithmetic.passed(); }
};

// A choice or a score of heretix systemone. Where no store is named, one that the usual store lacks is looked for among
// those of mock models.
Verification verified_decision(const VerifyOptions& options) {
  const auto verified = [&](const CommonOptions& where) {
    const StoredRuns stored = open_for_reading(where);
    Verification found = verify_decision(options.run, *stored.store);
    found.is_mock = where.flags.mock.value_or(false);
    return found;
  };
  try {
    return verified(options);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::not_found || options.flags.db || options.flags.mock || !options.database.empty()) throw;
    VerifyOptions mock = options;
    mock.flags.mock = true;
    return verified(mock);
  }
}

std::string keys_of(const SignedEnvelope& envelope) {
  std::vector<std::string> ids;
  for (const EnvelopeSignature& one : envelope.signatures)
    ids.push_back(one.key_id.empty() ? "a key without a name" : on_one_line(shortened(one.key_id, 64)));
  return fmt::format("{}", fmt::join(ids, ", "));
}

std::string fault_of(SignatureVerdict verdict, const SignedEnvelope& envelope, const PublicKey& key) {
  switch (verdict) {
    case SignatureVerdict::valid: return "";
    case SignatureVerdict::absent: return "there is no signature in it";
    case SignatureVerdict::other_key:
      return fmt::format("it was signed by {}, and not by the key {} that you gave", keys_of(envelope), key.id());
    case SignatureVerdict::broken: break;
  }
  return fmt::format("its signature by the key {} does not fit its content: one of the two was changed", key.id());
}

// A signed record, or an artifact as it is. The signature comes first, and nothing is computed from what it does not
// hold for.
Verified verified_file(const VerifyOptions& options) {
  const auto text = content_of_file(options.run);
  if (!text)
    throw Error(ErrorKind::not_found, fmt::format("cannot read {}", on_one_line(options.run)),
                "name an artifact (docs/record.md), or a run: see heretix list");
  const auto key = options.key.empty() ? std::nullopt : std::optional(public_key_given(options.key));
  const auto envelope = envelope_of({.name = options.run, .text = *text});
  const auto failed = [&](std::string fault) {
    Verified found;
    found.arithmetic.run_id = RunId(options.run);
    found.signature_fault = std::move(fault);
    return found;
  };
  if (!envelope) {
    if (key) return failed("it is not signed: it is no envelope with a signature");
    return {verify_artifact({.name = options.run, .text = *text})};
  }

  if (key) {
    std::string fault = fault_of(check_signature(*envelope, *key), *envelope, *key);
    if (!fault.empty()) return failed(std::move(fault));
  }
  Verified found{verify_artifact({.name = options.run, .text = envelope->payload})};
  if (key) found.signed_by = key->id();
  else if (!envelope->signatures.empty())
    found.arithmetic.not_checked.push_back(
        fmt::format("the signature by {}: give the public key with --key", keys_of(*envelope)));
  return found;
}

// A run of a store, or an artifact that lies before the user.
Verified verified(const VerifyOptions& options) {
  if (has_ending(options.run, ".json")) return verified_file(options);
  if (!options.key.empty())
    throw Error(ErrorKind::bad_input,
                fmt::format("--key checks a signed file (.json), but {} is looked for in the store, where nothing is "
                            "signed",
                            on_one_line(shortened(options.run, 100))),
                "heretix sign RUN --key FILE -o signed.json makes a signed file of it");
  if (names_decision(options.run)) return {verified_decision(options)};

  const StoredRuns stored = open_for_reading(options, {options.run});
  RunStore& runs = *stored.store;

  // A check that was answered from a stored result has a run id of its own; the service's file knows which execution it
  // shows.
  std::optional<ExecutionId> served;
  if (options.database.empty()) served = execution_served_as(RunId{options.run}, stored.path);

  try {
    return {verify_run(served ? served->text() : options.run, runs, stored.path)};
  } catch (const Error&) {
    // In Postgres a noul that the service decided is an execution, and no check.
    NoulRuns nouls(runs.database());
    if (options.database.empty() || !nouls.newest_execution(RunId{options.run})) throw;
    return {verify_run(options.run, nouls, stored.path)};
  }
}

nlohmann::json verified_json(const Verified& found) {
  const Verification& v = found.arithmetic;
  nlohmann::json out = {{"run_id", v.run_id},
                        {"mock", v.is_mock},
                        {"execution_id", v.execution_id ? v.execution_id->text() : ""},
                        {"passed", found.passed()},
                        {"recomputed", v.recomputed},
                        {"differences", v.differences},
                        {"not_checked", v.not_checked}};
  if (found.signed_by) out["signed_by"] = *found.signed_by;
  if (!found.signature_fault.empty()) out["signature_fault"] = found.signature_fault;
  return out;
}

std::string verified_text(const Verified& found) {
  const Verification& v = found.arithmetic;
  std::string text = fmt::format("{}\n", on_one_line(v.run_id.text()));
  if (!found.signature_fault.empty())
    return text + fmt::format("  SIGNATURE: {}\nnothing was recomputed\n", found.signature_fault);

  if (v.is_mock) text += fmt::format("{}\n", kMockNotice);
  if (found.signed_by)
    text += fmt::format("signed by the key {}: the record is as its owner made it\n", *found.signed_by);
  text += "recomputed from the stored answers, before any stored result was read:\n";
  for (const std::string& line : v.recomputed) text += "  " + line + "\n";
  for (const std::string& line : v.not_checked) text += "  not checked: " + on_one_line(line) + "\n";
  for (const std::string& line : v.differences) text += "  DIFFERENT: " + on_one_line(line) + "\n";
  text += v.passed() ? (v.recomputed.empty() ? "nothing could be recomputed\n" : "equal to what is stored\n")
                     : fmt::format("{} differences\n", v.differences.size());
  return text;
}

int verify_command(const VerifyOptions& options) {
  const Verified found = verified(options);
  if (options.json)
    print_result(verified_json(found).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  else print_text(verified_text(found));
  return found.passed() ? kDone : kDifference;
}

}  // namespace

void register_verify(CommandTable& table) {
  const auto [verify, o] = table.add<VerifyOptions>(
      "verify", "recompute a run from its stored answers and compare it with what was stored", verify_command);
  add_run_argument(verify, o,
                   "a run or execution id, or the beginning of one; or an artifact (.json), signed or not, which needs "
                   "no store");
  verify
      .add_option("--key", o.key,
                  "of a signed file, first check that this public key signed it: its line, ed25519:…, or a file that "
                  "holds it or its PEM")
      ->type_name("PUBLIC");
  add_json(verify, o);
}

}  // namespace heretix
