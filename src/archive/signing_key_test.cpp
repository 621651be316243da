#include "archive/signing_key.hpp"

#include <gtest/gtest.h>

#include "archive/signed_envelope.hpp"
#include "base/error.hpp"

namespace heretix {
namespace {

std::string bytes_of_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

SigningKey key_of_hex(std::string_view hex) {
  std::array<unsigned char, kSigningSeedBytes> seed{};
  const std::string bytes = bytes_of_hex(hex);
  std::copy(bytes.begin(), bytes.end(), seed.begin());
  return SigningKey::of_seed(seed);
}

struct Vector {
  const char *seed, *public_key, *message, *signature;
};

// RFC 8032, section 7.1: tests 1, 2, 3 and SHA(abc).
constexpr Vector kVectors[] = {{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39"
                                "701cf9b46bd25bf5f0595bbe24655"
                                "141438e7a100b"},
                               {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f36"
                                "13d0f11d8c387b2eaeb4302aeeb00"
                                "d291612bb0c00"},
                               {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7"
                                "60984dc6594a7c15e9716ed28dc02"
                                "7beceea1ec40a"},
                               {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
                                "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
                                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c"
                                "23a3feebbd454d4423643ce80e2a9"
                                "ac94fa54ca49f",
                                "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7"
                                "c66431e0303dca179c138ac17ad9b"
                                "ef1177331a704"}};

std::string refusal_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) { return e.what(); }
  return "nothing was refused";
}

TEST(SigningKey, TheVectorsOfRfc8032) {
  for (const Vector& vector : kVectors) {
    const SigningKey key = key_of_hex(vector.seed);
    const auto bytes = key.public_key().bytes();
    EXPECT_EQ(std::string(bytes.begin(), bytes.end()), bytes_of_hex(vector.public_key));
    const std::string message = bytes_of_hex(vector.message);
    const std::string signature = bytes_of_hex(vector.signature);
    EXPECT_EQ(key.sign(message), signature);
    EXPECT_TRUE(key.public_key().verifies(message, signature));
    EXPECT_FALSE(key.public_key().verifies(message + "x", signature));
    EXPECT_FALSE(key.public_key().verifies(message, signature.substr(1)));
  }
}

// S plus the order of the group solves the same equation; RFC 8032, section 5.1.7 wants it refused.
TEST(SigningKey, ASignatureHasOneForm) {
  const SigningKey key = key_of_hex(kVectors[1].seed);
  std::string signature = bytes_of_hex(kVectors[1].signature);
  const std::string order = bytes_of_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  int carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const int sum = static_cast<unsigned char>(signature[32 + i]) + static_cast<unsigned char>(order[i]) + carry;
    signature[32 + i] = static_cast<char>(sum);
    carry = sum >> 8;
  }
  ASSERT_EQ(carry, 0);
  EXPECT_FALSE(key.public_key().verifies(bytes_of_hex(kVectors[1].message), signature));
}

TEST(SigningKey, BothFormsAreReadBack) {
  const SigningKey key = key_of_hex(kVectors[0].seed);
  EXPECT_EQ(key.pem(),
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
            "-----END PRIVATE KEY-----\n");
  EXPECT_EQ(SigningKey::parse(key.pem(), "f").public_key(), key.public_key());
  EXPECT_EQ(key.public_key().line(), "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
  EXPECT_EQ(PublicKey::parse("  " + key.public_key().line() + "\r\n", "f"), key.public_key());
  const std::string pem =
      "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
      "-----END PUBLIC KEY-----\n";
  EXPECT_EQ(PublicKey::parse(pem, "f"), key.public_key());
  EXPECT_EQ(key.public_key().id(), "21fe31dfa154a261");
  EXPECT_NE(SigningKey::make().public_key(), SigningKey::make().public_key());
}

TEST(SigningKey, WhatIsNoKeyIsRefusedAndNotRepeated) {
  const std::string pem = key_of_hex(kVectors[0].seed).pem();
  EXPECT_EQ(refusal_of([&] { PublicKey::parse(pem, "f"); }), "f is a private key; its public key is needed");
  EXPECT_EQ(refusal_of([&] { SigningKey::parse("ed25519:AAAA", "f"); }),
            "f is a public key; signing needs the private one");
  EXPECT_EQ(refusal_of([&] { SigningKey::parse("secret words", "f"); }),
            "f is not a private key: PKCS #8 in PEM is expected");
  EXPECT_EQ(refusal_of([&] { SigningKey::parse(pem.substr(0, 60) + pem.substr(64), "f"); }),
            "f is a private key of another kind; records are signed with Ed25519");
  EXPECT_EQ(refusal_of([&] { SigningKey::parse(pem.substr(0, 60), "f"); }),
            "f is not a private key: its PEM is damaged");
  EXPECT_EQ(refusal_of([&] { SigningKey::parse("-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "f"); }),
            "f is locked by a passphrase, which is not supported");
  EXPECT_EQ(refusal_of([&] { PublicKey::parse("", "f"); }),
            "f is not a public key: one begins with ed25519: or is PEM");
}

TEST(SigningKey, Base64IsReadInBothAlphabets) {
  std::string bytes;
  for (const auto& [plain, text] :
       {std::pair{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}}) {
    ASSERT_TRUE(from_base64(text, bytes));
    EXPECT_EQ(bytes, plain);
  }
  ASSERT_TRUE(from_base64("-_-_", bytes));
  EXPECT_EQ(bytes, "\xfb\xff\xbf");
  for (const char* wrong : {"Z", "Zm9v!", "Zm 9v", "Zm9vY", "-/"}) EXPECT_FALSE(from_base64(wrong, bytes)) << wrong;
}

// The example of the specification of DSSE (protocol.md, "Test vectors").
TEST(SignedEnvelope, WhatIsSignedIsTheEncodingOfDsse) {
  EXPECT_EQ(pre_authentication_encoding("http://example.com/HelloWorld", "hello world"),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

TEST(SignedEnvelope, AVerdictDoesNotTrustTheNameOfAKey) {
  const SigningKey key = key_of_hex(kVectors[0].seed), other = key_of_hex(kVectors[1].seed);
  SignedEnvelope envelope{.payload = "{}"};
  EXPECT_EQ(check_signature(envelope, key.public_key()), SignatureVerdict::absent);
  add_signature(envelope, key);
  EXPECT_EQ(check_signature(envelope, key.public_key()), SignatureVerdict::valid);
  EXPECT_EQ(check_signature(envelope, other.public_key()), SignatureVerdict::other_key);

  envelope.signatures[0].key_id = other.public_key().id();
  EXPECT_EQ(check_signature(envelope, key.public_key()), SignatureVerdict::valid);
  EXPECT_EQ(check_signature(envelope, other.public_key()), SignatureVerdict::broken);
  const auto again = envelope_of({.name = "f", .text = to_text(envelope)});
  ASSERT_TRUE(again);
  EXPECT_EQ(check_signature(*again, key.public_key()), SignatureVerdict::valid);

  envelope.payload_type = "text/plain";  // the kind is signed too
  EXPECT_NE(check_signature(envelope, key.public_key()), SignatureVerdict::valid);
  EXPECT_FALSE(envelope_of({.name = "f", .text = "{\"run_id\": \"x\"}"}));
  EXPECT_FALSE(envelope_of({.name = "f", .text = "no JSON"}));
}

}  // namespace
}  // namespace heretix
