#include "protocol/access_key.hpp"

#include "protocol/hexadecimal.hpp"
#include "protocol/json_writer.hpp"
#include "protocol/limits.hpp"

#include <rapidjson/document.h>

#include <array>
#include <charconv>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdexcept>
#include <utility>

namespace agentmon {
namespace {

constexpr std::string_view prefix = "agentmon_";
constexpr size_t id_bytes = 6;

std::optional<std::string> bytes_of(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned char byte = 0;
    if (std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16).ptr != hex.data() + i + 2) return std::nullopt;
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

std::optional<std::string> text_in(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd() || !found->value.IsString()) return std::nullopt;
  return std::string{found->value.GetString(), found->value.GetStringLength()};
}

bool is_true(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  return found != object.MemberEnd() && found->value.IsTrue();
}

/// null and absent are nothing; anything else must be a time.
bool read_time(const rapidjson::Value& object, const char* name, std::optional<timestamp>& into) {
  const auto text = text_in(object, name);
  if (!text) return true;
  const auto parsed = parse_time(*text);
  if (!parsed) return false;
  into = *parsed;
  return true;
}

std::optional<access_key> key_in(const rapidjson::Value& object) {
  if (!object.IsObject()) return std::nullopt;
  const auto id = text_in(object, "id"), name = text_in(object, "name"), digest = text_in(object, "sha_256");
  const auto bytes = digest ? bytes_of(*digest) : std::nullopt;
  if (!id || !name || !bytes || bytes->size() != SHA256_DIGEST_LENGTH) return std::nullopt;
  access_key key;
  key.id = *id;
  key.name = *name;
  key.digest = *bytes;
  key.may_ingest = is_true(object, "may_ingest");
  key.may_query = is_true(object, "may_query");
  key.is_admin = is_true(object, "is_admin");
  key.client_id = text_in(object, "client_id");
  std::optional<timestamp> created;
  if (!read_time(object, "created", created) || !read_time(object, "expires", key.expires)
      || !read_time(object, "revoked", key.revoked))
    return std::nullopt;
  key.created = created.value_or(timestamp{});
  return key;
}

} // namespace

std::string_view to_string(access_scope scope) {
  switch (scope) {
  case access_scope::ingest: return "ingest";
  case access_scope::query: return "query";
  case access_scope::admin: return "admin";
  }
  return "";
}

bool access_key::covers(access_scope scope) const {
  return is_admin || (scope == access_scope::ingest && may_ingest) || (scope == access_scope::query && may_query);
}

std::string sha_256(std::string_view text) {
  // Fetched once and kept: SHA256() looks for it anew each time, which is most of what it takes.
  static const auto* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> sum{};
  if (EVP_Digest(text.data(), text.size(), sum.data(), nullptr, method, nullptr) != 1)
    throw std::runtime_error{"this system's OpenSSL makes no SHA-256"};
  return {reinterpret_cast<const char*>(sum.data()), sum.size()};
}

result<made_key> make_access_key() {
  std::array<unsigned char, id_bytes + limits::key_secret_bytes> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    return fail(fault::unavailable, "this system has no random numbers to give");
  const auto hex = hexadecimal({reinterpret_cast<const char*>(random.data()), random.size()});
  made_key made;
  made.key.id = hex.substr(0, 2 * id_bytes);
  made.text = std::string{prefix} + made.key.id + '_' + hex.substr(2 * id_bytes);
  made.key.digest = sha_256(made.text);
  made.key.created = now();
  return made;
}

std::string_view id_in(std::string_view text) {
  constexpr auto whole = prefix.size() + 2 * id_bytes + 1 + 2 * limits::key_secret_bytes;
  if (text.size() != whole || !text.starts_with(prefix) || text[prefix.size() + 2 * id_bytes] != '_') return {};
  return text.substr(prefix.size(), 2 * id_bytes);
}

std::string access_keys_json(const std::vector<access_key>& keys) {
  json_writer json;
  json.begin_object().key("keys").begin_array();
  for (const auto& key : keys) {
    json.begin_object().member("id", std::string_view{key.id}).member("name", std::string_view{key.name});
    json.member("sha_256", std::string_view{hexadecimal(key.digest)});
    json.member("may_ingest", key.may_ingest).member("may_query", key.may_query).member("is_admin", key.is_admin);
    json.text_member("client_id", key.client_id.value_or(""));
    json.member("created", key.created).member("expires", key.expires).member("revoked", key.revoked).end_object();
  }
  json.end_array().end_object();
  return json.text();
}

result<std::vector<access_key>> parse_access_keys(const std::string& text) {
  rapidjson::Document parsed;
  parsed.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  const auto corrupt = [] { return fail(fault::corrupt, "it is no list of access keys"); };
  if (parsed.HasParseError() || !parsed.IsObject()) return corrupt();
  const auto list = std::as_const(parsed).FindMember("keys");
  if (list == std::as_const(parsed).MemberEnd() || !list->value.IsArray()) return corrupt();
  std::vector<access_key> keys;
  for (const auto& each : list->value.GetArray()) {
    auto key = key_in(each);
    if (!key) return corrupt();
    keys.push_back(std::move(*key));
  }
  return keys;
}

} // namespace agentmon
