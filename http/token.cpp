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
  return asked.handshake() ? asked.param("token") : std::string{};
}

} // namespace

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::function<std::optional<response>(const exchange&)> require_token(std::string token) {
  return [token = std::move(token)](const exchange& asked) -> std::optional<response> {
    if (token.empty() || same_secret(token_of(asked), token)) return std::nullopt;
    auto refused = error(401, "unauthorized", "Send the access token as \"Authorization: Bearer <token>\".");
    refused.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"agentmon\"");
    return refused;
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
