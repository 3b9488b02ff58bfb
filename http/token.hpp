#pragma once
#include "http/exchange.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace agentmon {

/// Equal? Takes the same time wherever the texts differ (their lengths may be learned).
bool same_secret(std::string_view a, std::string_view b);

/// A router::before that wants `Authorization: Bearer <token>`; a WebSocket handshake, where a browser cannot set
/// headers, may carry `?token=` instead. Without it: 401. An empty token lets everybody in.
std::function<std::optional<response>(const exchange&)> require_token(std::string token);

/// A router::before that refuses (403) WebSocket handshakes from a web page of another site: a browser sends them for
/// any page, and they are not held back as other requests between sites are. Programs send no Origin and pass.
std::optional<response> refuse_other_pages(const exchange&);

} // namespace agentmon
