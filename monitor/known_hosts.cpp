#include "monitor/known_hosts.hpp"

#include "services/files.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <optional>

namespace agentmon::monitor {
namespace {

std::string base64(std::string_view bytes) {
  std::vector<unsigned char> text((bytes.size() + 2) / 3 * 4 + 1);
  const auto length = EVP_EncodeBlock(text.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                                      static_cast<int>(bytes.size()));
  return {text.begin(), text.begin() + length};
}

/// The bytes of a SHA-1 in base64, which is what a hashed name consists of; nothing when it is none.
std::optional<std::string> sha1_in_base64(std::string_view text) {
  constexpr size_t sha1_bytes = 20;
  constexpr size_t sha1_characters = 28;
  std::array<unsigned char, 21> bytes{};
  if (text.size() != sha1_characters
      || EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()), sha1_characters) < 0)
    return std::nullopt;
  return std::string{bytes.begin(), bytes.begin() + sha1_bytes};
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Takes the next word from a line.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(static_cast<size_t>(std::ranges::find_if_not(line, is_blank) - line.begin()));
  const auto word = line.substr(0, static_cast<size_t>(std::ranges::find_if(line, is_blank) - line.begin()));
  line.remove_prefix(word.size());
  return word;
}

/// Whether a name is what a pattern with * and ? means. Not recursive: the last * alone is gone back to.
bool matches(std::string_view pattern, std::string_view name) {
  size_t p = 0, n = 0, star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return std::ranges::all_of(pattern.substr(p), [](char c) { return c == '*'; });
}

/// `|1|salt|hash`, both of a SHA-1's length.
bool is_hash_of(std::string_view hashed, std::string_view name) {
  hashed.remove_prefix(3);
  const auto bar = hashed.find('|');
  if (bar == std::string_view::npos) return false;
  const auto salt = sha1_in_base64(hashed.substr(0, bar));
  const auto hash = sha1_in_base64(hashed.substr(bar + 1));
  if (!salt || !hash) return false;
  std::array<unsigned char, EVP_MAX_MD_SIZE> made{};
  unsigned int size = 0;
  HMAC(EVP_sha1(), salt->data(), static_cast<int>(salt->size()), reinterpret_cast<const unsigned char*>(name.data()),
       name.size(), made.data(), &size);
  return std::string_view{reinterpret_cast<const char*>(made.data()), size} == *hash;
}

/// Whether the first field of a line means the host. One pattern with ! before it that fits makes it another one.
bool names(std::string_view field, std::string_view name) {
  if (field.starts_with("|1|")) return is_hash_of(field, name);
  bool found = false;
  while (!field.empty()) {
    auto pattern = field.substr(0, field.find(','));
    field.remove_prefix(std::min(field.size(), pattern.size() + 1));
    const bool other = pattern.starts_with('!');
    if (other) pattern.remove_prefix(1);
    if (!matches(pattern, name)) continue;
    if (other) return false;
    found = true;
  }
  return found;
}

/// How known_hosts calls a host.
std::string name_of(std::string_view host, uint16_t port) {
  constexpr uint16_t usual_port = 22;
  std::string name{host};
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return port == usual_port ? name : '[' + name + "]:" + std::to_string(port);
}

/// Whether a server that has a key of this type shows it when we ask for it first. RSA is signed in three ways, of
/// which libssh2 before 1.11 knows only the one that OpenSSH has dropped: then it shows another key.
bool is_surely_shown(std::string_view type) { return type == "ssh-ed25519" || type.starts_with("ecdsa-sha2-nistp"); }

} // namespace

host_key host_key_of(std::string_view wire) {
  host_key key{{}, base64(wire)};
  constexpr size_t prefix = 4; // the length of the type's name, of which one byte is enough
  if (wire.size() > prefix) key.type = wire.substr(prefix, static_cast<unsigned char>(wire[prefix - 1]));
  return key;
}

std::string fingerprint(std::string_view wire) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(wire.data(), wire.size(), digest.data(), &size, EVP_sha256(), nullptr);
  auto text = base64({reinterpret_cast<const char*>(digest.data()), size});
  while (text.ends_with('=')) text.pop_back();
  return "SHA256:" + text;
}

known_host find_host(std::string_view known_hosts, std::string_view host, uint16_t port) {
  known_host found;
  const auto name = name_of(host, port);
  while (!known_hosts.empty()) {
    auto line = known_hosts.substr(0, known_hosts.find('\n'));
    known_hosts.remove_prefix(std::min(known_hosts.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    auto field = take_word(line);
    if (field.empty() || field.starts_with('#')) continue;
    const bool revoked = field == "@revoked";
    if (field.starts_with('@') && !revoked) continue;
    if (revoked) field = take_word(line);
    if (!names(field, name)) continue;
    host_key key{std::string{take_word(line)}, {}};
    key.text = take_word(line);
    if (!key.text.empty()) (revoked ? found.revoked : found.keys).push_back(std::move(key));
  }
  return found;
}

result<known_host> find_host_in(const std::filesystem::path& file, std::string_view host, uint16_t port) {
  std::error_code error;
  const auto text = std::filesystem::is_regular_file(file, error) ? service::read_file(file) : std::nullopt;
  if (!text) return fail(fault::unavailable, "the known hosts of " + file.string() + " cannot be read");
  return find_host(*text, host, port);
}

trust judge(const known_host& known, const host_key& shown) {
  if (std::ranges::find(known.revoked, shown) != known.revoked.end()) return trust::changed;
  if (std::ranges::find(known.keys, shown) != known.keys.end()) return trust::known;
  const bool another = std::ranges::any_of(
      known.keys, [&](const host_key& key) { return key.type == shown.type || is_surely_shown(key.type); });
  return another ? trust::changed : trust::unknown;
}

std::string key_types_wanted(const known_host& known, std::vector<std::string_view> possible) {
  std::stable_partition(possible.begin(), possible.end(), [&](std::string_view type) {
    if (type.starts_with("rsa-")) type = "ssh-rsa"; // signs with the same key
    return std::ranges::any_of(known.keys, [&](const host_key& key) { return key.type == type; });
  });
  std::string wanted;
  for (const auto type : possible) wanted.append(wanted.empty() ? "" : ",").append(type);
  return wanted;
}

} // namespace agentmon::monitor
