#include "gateway.hpp"

#include <regex>
#include <stdexcept>

namespace agentmon::sdk::detail {
namespace {

constexpr int post_seconds = 15;

} // namespace

gateway::gateway(const std::string& url, const std::string& token) {
  static const std::regex form(R"(\s*(https?://(?:\[[0-9a-fA-F:.]+\]|[^\s/:?#@]+)(?::\d+)?)(/[^\s?#]*?)?/*\s*)");
  std::smatch parts;
  if (!std::regex_match(url, parts, form))
    throw std::invalid_argument("AGENTMON_INGEST_URL must be the gateway's URL, as http://localhost:8080, not \"" + url
                                + '"');
  client_ = std::make_unique<httplib::Client>(parts.str(1)); // throws invalid_argument for https without OpenSSL
  path_ = parts.str(2);
  if (!path_.ends_with("/v1/events")) path_ += "/v1/events";
  if (!token.empty()) headers_.emplace("Authorization", "Bearer " + token);
  client_->set_keep_alive(true);
  client_->set_tcp_nodelay(true);
  client_->set_connection_timeout(post_seconds);
  client_->set_write_timeout(post_seconds);
  client_->set_read_timeout(post_seconds);
}

answer gateway::post(const std::vector<std::string>& events) {
  std::string body;
  for (const std::string& event : events) body.append(1, body.empty() ? '[' : ',').append(event);
  body += ']';
  const httplib::Result result = client_->Post(path_, headers_, body, "application/json");
  if (!result) return {};
  return {result->status, result->get_header_value("Retry-After"), result->body};
}

} // namespace agentmon::sdk::detail
