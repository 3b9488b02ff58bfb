#include "actors/sign_ins.hpp"

#include "http/text.hpp"
#include "protocol/access_key.hpp"
#include "protocol/hexadecimal.hpp"
#include "protocol/limits.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <array>
#include <openssl/rand.h>

namespace agentmon {

std::string sign_ins::id_in(const exchange& asked) const {
  const std::string header = asked.request().get_header_value("Cookie");
  std::string_view rest = header;
  while (!rest.empty()) {
    const auto end = std::min(rest.find(';'), rest.size());
    const auto pair = http_text::trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.starts_with(cookie_) && pair.substr(cookie_.size()).starts_with('='))
      return std::string{pair.substr(cookie_.size() + 1)};
  }
  return {};
}

std::optional<std::string> sign_ins::key_of(const exchange& asked) {
  const auto id = id_in(asked);
  if (id.empty()) return std::nullopt;
  const std::lock_guard lock{mutex_};
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  const auto at = clock::now();
  if (at - found->second.used > limits::sign_in_life) {
    by_id_.erase(found);
    return std::nullopt;
  }
  found->second.used = at;
  return found->second.key;
}

result<std::string> sign_ins::add(std::string key, bool secure) {
  std::array<unsigned char, limits::key_secret_bytes> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
    return fail(fault::unavailable, "this system has no random numbers to give");
  const auto id = hexadecimal({reinterpret_cast<const char*>(random.data()), random.size()});
  const std::lock_guard lock{mutex_};
  if (by_id_.size() >= limits::sign_ins)
    by_id_.erase(std::min_element(by_id_.begin(), by_id_.end(),
                                  [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  by_id_.emplace(id, entry{std::move(key), clock::now()});
  return cookie_ + "=" + id + "; Path=/; HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "");
}

bool sign_ins::may_try() {
  const std::lock_guard lock{mutex_};
  if (clock::now() - window_ > limits::sign_in_window) failures_ = 0;
  return failures_ < limits::sign_in_failures;
}

void sign_ins::failed() {
  const std::lock_guard lock{mutex_};
  if (failures_++ == 0) window_ = clock::now();
}

std::string sign_ins::remove(const exchange& asked) {
  const auto id = id_in(asked);
  const std::lock_guard lock{mutex_};
  by_id_.erase(id);
  return cookie_ + "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0";
}

bool is_own_page(const exchange& asked) {
  const std::string origin = asked.request().get_header_value("Origin");
  const auto begin = origin.find("://");
  return begin != origin.npos
         && http_text::same(std::string_view{origin}.substr(begin + 3), asked.request().get_header_value("Host"));
}

std::string key_in_body(std::string_view body) {
  rapidjson::Document json;
  json.Parse<rapidjson::kParseIterativeFlag>(body.data(), body.size());
  if (json.HasParseError() || !json.IsObject() || !json.HasMember("key") || !json["key"].IsString()) return {};
  const std::string key{json["key"].GetString(), json["key"].GetStringLength()};
  // It becomes a header.
  const bool fits = key.size() <= limits::token_characters
                    && std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; });
  return fits ? key : std::string{};
}

} // namespace agentmon
