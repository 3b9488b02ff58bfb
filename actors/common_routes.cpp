#include "actors/readiness.hpp"
#include "actors/routes.hpp"
#include "http/token.hpp"

#include <algorithm>

namespace agentmon {

void add_common_routes(router& routes, node_context& node, std::string_view vital) {
  routes.on("GET", "/healthz",
            [](worker_context&, exchange request) { request.answer({.body = R"({"status":"ok"})"}); });
  routes.on("GET", "/readyz", [&node, vital](worker_context&, exchange request) {
    bool available = false;
    auto body = readiness_json(node, vital, available);
    if (const auto asked = request.request().params.find("role"); asked != request.request().params.end()) {
      const auto found = std::find_if(node.config.roles.begin(), node.config.roles.end(),
                                      [&](role r) { return to_string(r) == asked->second; });
      if (found == node.config.roles.end())
        return request.answer(error(404, "not_found", "this node has no role \"" + asked->second + "\""));
      available = readiness_of(node, *found) != "unavailable";
    }
    request.answer({.status = available ? 200 : 503, .body = std::move(body)});
  });
  routes.on("GET", "/metrics", [&node](worker_context&, exchange request) {
    request.answer(
        {.body = node.counts.text(node.actors.collect()), .content_type = "text/plain; version=0.0.4; charset=utf-8"});
  });
}

application health_routes(node_context& node, std::string_view vital) {
  return [&node, vital](worker_context&) {
    router routes;
    add_common_routes(routes, node, vital);
    return routes;
  };
}

void guard(router& routes, const std::optional<std::string>& token) {
  routes.before(refuse_other_pages);
  if (!token) return;
  routes.before([check = require_token(*token)](const exchange& request) -> std::optional<response> {
    return request.request().path.starts_with("/v1/") ? check(request) : std::nullopt;
  });
}

response answer_of(const failure& why) {
  const auto status = [&] {
    switch (why.code) {
    case fault::invalid: return 400;
    case fault::not_found: return 404;
    case fault::duplicate: return 409;
    case fault::timeout: return 504;
    case fault::overload:
    case fault::unavailable:
    case fault::stopping: return 503;
    case fault::corrupt: return 500;
    }
    return 500;
  }();
  return error(status, to_string(why.code), why.message);
}

} // namespace agentmon
