#include "actors/routes.hpp"
#include "protocol/limits.hpp"

#include <caf/all.hpp>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>

namespace agentmon {
namespace {

/// Headers that belong to one connection, not to the request (RFC 9110 section 7.6.1), and those that are made anew.
bool is_passed_on(std::string_view name) {
  constexpr std::array<std::string_view, 11> own{
      "connection",     "keep-alive", "proxy-connection", "te",  "trailer", "upgrade", "transfer-encoding",
      "content-length", "host",       "expect",           "date"};
  std::string lower{name};
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(own.begin(), own.end(), lower) == own.end() && !lower.starts_with("remote_")
         && !lower.starts_with("local_");
}

void pass_on(worker_context& context, const proxy_actor& proxies, exchange request) {
  const auto& original = request.request();
  // HEAD is asked for as GET, so that its Content-Length is that of the body which is left out here.
  proxied_request passed{original.method == "HEAD" ? "GET" : original.method, original.target, original.body, {}};
  for (const auto& [name, value] : original.headers)
    if (is_passed_on(name)) passed.headers.emplace(name, value);
  context.self->request(proxies, limits::answer_timeout, proxy_atom_v, std::move(passed))
      .then(
          [request](proxied_response& answer) mutable {
            response out{.status = answer.status, .body = std::move(answer.body), .content_type = {}};
            for (const auto& [name, value] : answer.headers)
              if (is_passed_on(name)) out.headers.emplace_back(name, value);
            request.answer(out);
          },
          [request](caf::error& e) mutable { request.answer(answer_of(to_failure(e))); });
}

void tunnel(worker_context& context, const proxy_actor& proxies, exchange request) {
  context.self->request(proxies, limits::answer_timeout, dial_atom_v)
      .then([request](int32_t socket) mutable { request.tunnel(socket, request.raw()); },
            [request](caf::error& e) mutable { request.answer(answer_of(to_failure(e))); });
}

/// Where the page's user finds the gateway: in the command that sends a first event.
std::string gateway_json(const settings& config) {
  const bool known = config.has(role::ingest) && config.addr.port != 0;
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> to{buffer};
  to.StartObject();
  to.Key("host");
  known && !is_everywhere(config.addr) ? to.String(config.addr.host.c_str()) : to.Null();
  to.Key("port");
  known ? to.Uint(config.addr.port) : to.Null();
  to.Key("needs_token");
  to.Bool(config.ingest_token.has_value());
  to.EndObject();
  return buffer.GetString();
}

} // namespace

application ui_routes(node_context& node, const proxy_actor& proxies,
                      const std::shared_ptr<const static_files>& files) {
  return [&node, proxies, files](worker_context&) {
    router routes;
    add_common_routes(routes, node, "query port");
    routes.on("*", "/v1/ws", [proxies](worker_context& context, exchange request) {
      if (request.raw().empty())
        pass_on(context, proxies, std::move(request));
      else
        tunnel(context, proxies, std::move(request));
    });
    routes.on("*", "/v1/*",
              [proxies](worker_context& context, exchange request) { pass_on(context, proxies, std::move(request)); });
    routes.on("GET", "/gateway.json", [body = gateway_json(node.config)](worker_context&, exchange request) {
      request.answer({.body = body});
    });
    routes.otherwise(serve_files(files));
    return routes;
  };
}

} // namespace agentmon
