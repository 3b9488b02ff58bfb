#include "actors/routes.hpp"
#include "actors/sign_ins.hpp"
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
  constexpr std::array<std::string_view, 12> own{
      "connection",     "keep-alive", "proxy-connection", "te",   "trailer", "upgrade", "transfer-encoding",
      "content-length", "host",       "expect",           "date", "cookie"};
  std::string lower{name};
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(own.begin(), own.end(), lower) == own.end() && !lower.starts_with("remote_")
         && !lower.starts_with("local_");
}

void pass_on(worker_context& context, const proxy_actor& proxies, sign_ins& known, exchange request) {
  const auto& original = request.request();
  // HEAD is asked for as GET, so that its Content-Length is that of the body which is left out here.
  proxied_request passed{original.method == "HEAD" ? "GET" : original.method, original.target, original.body, {}};
  for (const auto& [name, value] : original.headers)
    if (is_passed_on(name)) passed.headers.emplace(name, value);
  if (const auto key = known.key_of(request); key && !original.has_header("Authorization"))
    passed.headers.emplace("Authorization", "Bearer " + *key);
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

void tunnel(worker_context& context, const proxy_actor& proxies, sign_ins& known, exchange request) {
  auto handshake = request.raw();
  if (const auto key = known.key_of(request); key && !request.request().has_header("Authorization"))
    if (const auto line = handshake.find("\r\n"); line != handshake.npos)
      handshake.insert(line + 2, "Authorization: Bearer " + *key + "\r\n");
  context.self->request(proxies, limits::answer_timeout, dial_atom_v)
      .then([request, handshake = std::move(handshake)](
                int32_t socket) mutable { request.tunnel(socket, std::move(handshake)); },
            [request](caf::error& e) mutable { request.answer(answer_of(to_failure(e))); });
}

response with_cookie(std::string body, std::string cookie) {
  response answer{.body = std::move(body)};
  answer.headers.emplace_back("Set-Cookie", std::move(cookie));
  return answer;
}

response other_page() { return error(403, "forbidden", "Only the page itself may sign in or out."); }

/// Lets the query port look at the key, and signs in when it counts there.
void sign_in(worker_context& context, const proxy_actor& proxies, const std::shared_ptr<sign_ins>& known,
             exchange request) {
  if (!is_own_page(request)) return request.answer(other_page());
  if (!known->may_try())
    return request.answer(error(429, "overload", "Too many keys were wrong; try again in a minute."));
  auto key = request.body().size() > limits::sign_in_body_bytes ? std::string{} : key_in_body(request.body());
  if (key.empty()) return request.answer(answer_of({fault::invalid, "send {\"key\": \"...\"}"}));
  const bool secure = request.request().get_header_value("Origin").starts_with("https://");
  proxied_request look{"GET", "/v1/access", {}, {{"Authorization", "Bearer " + key}}};
  context.self->request(proxies, limits::answer_timeout, proxy_atom_v, std::move(look))
      .then(
          [request, known, secure, key = std::move(key)](proxied_response& answer) mutable {
            if (answer.status == 401 || answer.status == 403) known->failed();
            if (answer.status != 200) return request.answer({.status = answer.status, .body = std::move(answer.body)});
            auto cookie = known->add(std::move(key), secure);
            if (!cookie) return request.answer(answer_of(cookie.error()));
            request.answer(with_cookie(R"({"signed_in":true})", std::move(*cookie)));
          },
          [request](caf::error& e) mutable { request.answer(answer_of(to_failure(e))); });
}

void add_session_routes(router& routes, const proxy_actor& proxies, const std::shared_ptr<sign_ins>& known) {
  routes.on("GET", "/session", [known](worker_context&, exchange request) {
    request.answer({.body = known->key_of(request) ? R"({"signed_in":true})" : R"({"signed_in":false})"});
  });
  routes.on("POST", "/session", [proxies, known](worker_context& context, exchange request) {
    sign_in(context, proxies, known, std::move(request));
  });
  routes.on("DELETE", "/session", [known](worker_context&, exchange request) {
    if (!is_own_page(request)) return request.answer(other_page());
    request.answer(with_cookie(R"({"signed_in":false})", known->remove(request)));
  });
}

/// Where the page's user finds the gateway: in the command that sends a first event.
std::string gateway_json(const node_context& node) {
  const auto& config = node.config;
  const bool known = config.has(role::ingest) && config.addr.port != 0;
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> to{buffer};
  to.StartObject();
  to.Key("host");
  known && !is_everywhere(config.addr) ? to.String(config.addr.host.c_str()) : to.Null();
  to.Key("port");
  known ? to.Uint(config.addr.port) : to.Null();
  to.Key("needs_token");
  to.Bool(ingest_door(node).guarded());
  to.EndObject();
  return buffer.GetString();
}

} // namespace

application ui_routes(node_context& node, const proxy_actor& proxies,
                      const std::shared_ptr<const static_files>& files) {
  const auto known = std::make_shared<sign_ins>(node.config.ui_addr.port);
  return [&node, proxies, files, known](worker_context&) {
    router routes;
    add_common_routes(routes, node, "query port");
    add_session_routes(routes, proxies, known);
    routes.on("*", "/v1/ws", [proxies, known](worker_context& context, exchange request) {
      if (request.raw().empty())
        pass_on(context, proxies, *known, std::move(request));
      else
        tunnel(context, proxies, *known, std::move(request));
    });
    routes.on("*", "/v1/*", [proxies, known](worker_context& context, exchange request) {
      pass_on(context, proxies, *known, std::move(request));
    });
    routes.on("GET", "/gateway.json",
              [&node](worker_context&, exchange request) { request.answer({.body = gateway_json(node)}); });
    routes.otherwise(serve_files(files));
    return routes;
  };
}

} // namespace agentmon
