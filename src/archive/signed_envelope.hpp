// A signed record: an artifact within a DSSE envelope (Dead Simple Signing Envelope, version 1.0.2), as in-toto and
// Sigstore sign things. What is signed are the bytes of the artifact and the name of their kind, so nothing has to be
// brought into a canonical form. docs/signing.md. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/signing_key.hpp"
#include "base/text_file.hpp"

namespace heretix {

inline constexpr std::string_view kArtifactPayloadType = "application/vnd.heretix.artifact+json";

struct EnvelopeSignature {
  std::string key_id;     // a hint alone: nothing is believed because of it
  std::string signature;  // 64 bytes if it is of our kind
};

struct SignedEnvelope {
  std::string payload_type{kArtifactPayloadType};
  std::string payload;  // the artifact
  std::vector<EnvelopeSignature> signatures{};
};

// What a signature is made over: "DSSEv1", the lengths, the kind and the payload (DSSE, "Pre-Authentication Encoding").
std::string pre_authentication_encoding(std::string_view payload_type, std::string_view payload);

// Adds a signature, or replaces the one of the same key.
void add_signature(SignedEnvelope& envelope, const SigningKey& key);

// Empty for a text that is no envelope, such as an artifact itself. Throws Error{bad_input} for an envelope that is
// malformed or holds something other than an artifact.
std::optional<SignedEnvelope> envelope_of(const NamedText& file);
std::string to_text(const SignedEnvelope& envelope);  // with its line end

enum class SignatureVerdict {
  valid,      // the key made a signature over exactly these bytes
  absent,     // there is no signature at all
  other_key,  // there are only signatures that name other keys
  broken      // a signature names this key, and does not fit the bytes
};
SignatureVerdict check_signature(const SignedEnvelope& envelope, const PublicKey& key);

}  // namespace heretix
