#include "monitor/private_key.hpp"

#include "services/files.hpp"

#include <algorithm>
#include <openssl/evp.h>
#include <optional>
#include <string_view>
#include <vector>

namespace agentmon::monitor {
namespace {

constexpr std::string_view openssh_begin = "-----BEGIN OPENSSH PRIVATE KEY-----";

std::string from_base64(std::string_view text) {
  std::string tight;
  for (const char c : text)
    if (c != '\n' && c != '\r' && c != ' ') tight += c;
  std::vector<unsigned char> bytes(tight.size());
  const auto length = EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(tight.data()),
                                      static_cast<int>(tight.size() / 4 * 4));
  return length < 0 ? std::string{} : std::string{bytes.begin(), bytes.begin() + length};
}

/// Takes a text with its length before it, as SSH writes it.
std::string_view take_text(std::string_view& from) {
  if (from.size() < 4) return {};
  size_t length = 0;
  for (int i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(from[static_cast<size_t>(i)]);
  const auto text = from.substr(4, length);
  from.remove_prefix(4 + text.size());
  return text;
}

struct traits {
  bool encrypted = false;
  bool rsa = false;
};

/// PROTOCOL.key of OpenSSH: a magic, cipher, key derivation and its options, the number of keys, and the public one.
/// Nothing when it is none.
std::optional<traits> of_openssh(std::string_view text) {
  using namespace std::string_view_literals;
  text.remove_prefix(text.find(openssh_begin) + openssh_begin.size());
  const auto bytes = from_base64(text.substr(0, text.find("-----END")));
  constexpr auto magic = "openssh-key-v1\0"sv;
  std::string_view rest = bytes;
  if (!rest.starts_with(magic)) return std::nullopt;
  rest.remove_prefix(magic.size());
  const auto cipher = take_text(rest);
  take_text(rest);
  take_text(rest);
  rest.remove_prefix(std::min<size_t>(rest.size(), 4));
  auto key = take_text(rest);
  return traits{cipher != "none", take_text(key) == "ssh-rsa"};
}

std::optional<traits> of_pem(std::string_view text) {
  const auto has = [&](std::string_view word) { return text.find(word) != std::string_view::npos; };
  if (!has("PRIVATE KEY-----")) return std::nullopt;
  return traits{has("BEGIN ENCRYPTED PRIVATE KEY") || has("Proc-Type: 4,ENCRYPTED"), has("BEGIN RSA PRIVATE KEY")};
}

} // namespace

result<private_key> read_private_key(const std::filesystem::path& file) {
  const auto name = file.string();
  std::error_code error;
  auto text = std::filesystem::is_regular_file(file, error) ? service::read_file(file) : std::nullopt;
  if (!text) return fail(fault::unavailable, "the key " + name + " cannot be read: does it exist, for this user?");
  if (text->starts_with("ssh-") || text->starts_with("ecdsa-"))
    return fail(fault::invalid, name + " is a public key: name the private one, the same without .pub");
  const auto is = text->find(openssh_begin) != std::string::npos ? of_openssh(*text) : of_pem(*text);
  if (!is)
    return fail(fault::invalid, name + " is no private key in OpenSSH's format: make one with ssh-keygen -t ed25519");
  if (is->encrypted)
    return fail(fault::invalid, "the key " + name
                                    + " is encrypted, and nobody is here to type its passphrase: make one "
                                      "for this purpose, ssh-keygen -t ed25519 -N ''");
  return private_key{*text + '\n', is->rsa};
}

} // namespace agentmon::monitor
