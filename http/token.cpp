#include "http/token.hpp"

#include "http/text.hpp"

#include <openssl/crypto.h>

namespace agentmon {
namespace {

constexpr std::string_view scheme = "bearer ";

/// The token that a request carries; empty when there is none.
std::string token_of(const exchange& asked) {
  const auto header = asked.request().get_header_value("Authorization");
  if (http_text::same(header.substr(0, scheme.size()), scheme))
    return std::string{http_text::trim(std::string_view{header}.substr(scheme.size()))};
  auto in_address = asked.handshake() ? asked.param("token") : std::string{};
  return id_in(in_address).empty() ? in_address : std::string{};
}

} // namespace

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::function<std::optional<response>(const exchange&)> require_access(door to) {
  const auto token_digest = to.token ? sha_256(*to.token) : std::string{};
  return [to = std::move(to), token_digest](const exchange& asked) -> std::optional<response> {
    if (!to.guarded() && !to.waits()) return std::nullopt;
    const auto given = token_of(asked);
    const auto digest = sha_256(given);
    if (to.token && same_secret(digest, token_digest)) return std::nullopt;
    if (to.keys->awaited() && (!to.token || !id_in(given).empty()))
      return error(503, "unavailable", "The access keys are not known here yet; send it again in a moment.");
    auto passed = to.keys->check(given, digest, to.scope, now());
    if (!passed) return std::move(passed.error());
    exchange{asked}.set_key(std::move(*passed));
    return std::nullopt;
  };
}

std::optional<response> refuse_other_pages(const exchange& asked) {
  const std::string origin = asked.request().get_header_value("Origin");
  if (!asked.handshake() || origin.empty()) return std::nullopt;
  const auto site = std::string_view{origin}.substr(origin.find("://") == origin.npos ? 0 : origin.find("://") + 3);
  if (http_text::same(site, asked.request().get_header_value("Host"))) return std::nullopt;
  return error(403, "forbidden", "A page of " + origin + " may not open a WebSocket here.");
}

} // namespace agentmon
