#include "archive/signed_envelope.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/strict_json.hpp"
#include "base/text.hpp"

namespace heretix {

using nlohmann::json;

namespace {

constexpr int kDeepestEnvelope = 16;
constexpr const char* kWhatIsSigned = "a signed record is what heretix sign writes (docs/signing.md)";

std::string decoded(const json& object, const char* field, const std::string& source) {
  std::string bytes;
  if (object.contains(field) && object[field].is_string() &&
      from_base64(object[field].get_ref<const std::string&>(), bytes))
    return bytes;
  throw Error(ErrorKind::bad_input, fmt::format("{}: {} of the envelope is not base64", source, field), kWhatIsSigned);
}

}  // namespace

std::string pre_authentication_encoding(std::string_view payload_type, std::string_view payload) {
  return fmt::format("DSSEv1 {} {} {} {}", payload_type.size(), payload_type, payload.size(), payload);
}

void add_signature(SignedEnvelope& envelope, const SigningKey& key) {
  const std::string id = key.public_key().id();
  std::erase_if(envelope.signatures, [&](const EnvelopeSignature& one) { return one.key_id == id; });
  envelope.signatures.push_back({id, key.sign(pre_authentication_encoding(envelope.payload_type, envelope.payload))});
}

std::optional<SignedEnvelope> envelope_of(const NamedText& file) {
  json root;
  // An artifact lies deeper than an envelope may, and is none in any case.
  if (parse_strict(file.text, kDeepestEnvelope, root) != JsonFault::none || !root.is_object()) return std::nullopt;
  if (!root.contains("payload") && !root.contains("payloadType")) return std::nullopt;

  const auto refuse = [&](const std::string& why) -> Error {
    return {ErrorKind::bad_input, fmt::format("{}: {}", file.name, why), kWhatIsSigned};
  };
  SignedEnvelope envelope;
  envelope.payload = decoded(root, "payload", file.name);
  const json type = root.value("payloadType", json());
  if (type != std::string(kArtifactPayloadType))
    throw refuse(fmt::format("the envelope holds {}, and not {}", on_one_line(shortened(type.dump(), 100)),
                             kArtifactPayloadType));
  const json signatures = root.value("signatures", json());
  if (!signatures.is_array()) throw refuse("the envelope has no list of signatures");
  for (const json& one : signatures) {
    if (!one.is_object()) throw refuse("a signature of the envelope is not an object");
    const json key_id = one.value("keyid", json(""));
    if (!key_id.is_string()) throw refuse("the keyid of a signature is not a string");
    envelope.signatures.push_back({key_id.get<std::string>(), decoded(one, "sig", file.name)});
  }
  return envelope;
}

std::string to_text(const SignedEnvelope& envelope) {
  nlohmann::ordered_json signatures = nlohmann::ordered_json::array();
  for (const EnvelopeSignature& one : envelope.signatures)
    signatures.push_back({{"keyid", one.key_id}, {"sig", to_base64(one.signature)}});
  const nlohmann::ordered_json root = {{"payloadType", envelope.payload_type},
                                       {"payload", to_base64(envelope.payload)},
                                       {"signatures", std::move(signatures)}};
  return root.dump() + "\n";
}

// The key is tried on every signature: a key id is only what the file says of itself.
SignatureVerdict check_signature(const SignedEnvelope& envelope, const PublicKey& key) {
  if (envelope.signatures.empty()) return SignatureVerdict::absent;
  const std::string message = pre_authentication_encoding(envelope.payload_type, envelope.payload);
  const auto fits = [&](const EnvelopeSignature& one) { return key.verifies(message, one.signature); };
  if (std::ranges::any_of(envelope.signatures, fits)) return SignatureVerdict::valid;
  const bool names_key =
      std::ranges::find(envelope.signatures, key.id(), &EnvelopeSignature::key_id) != envelope.signatures.end();
  return names_key ? SignatureVerdict::broken : SignatureVerdict::other_key;
}

}  // namespace heretix
