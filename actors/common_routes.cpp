#include "actors/readiness.hpp"
#include "actors/routes.hpp"

#include <algorithm>

namespace agentmon {

namespace {

/// What each key was used for, on every port of this process; and who came without one.
std::vector<prometheus::MetricFamily> key_metrics(const keyring& keys) {
  prometheus::MetricFamily strangers{"agentmon_strangers_total",
                                     "Requests refused because they came without a key or token, or with a wrong one.",
                                     prometheus::MetricType::Counter,
                                     {}};
  strangers.metric.emplace_back().counter.value = static_cast<double>(keys.strangers());
  prometheus::MetricFamily family{
      "agentmon_key_requests_total", "Requests that came with an access key.", prometheus::MetricType::Counter, {}};
  for (const auto& key : keys.all()) {
    const auto add = [&](const char* outcome, uint64_t count) {
      prometheus::ClientMetric metric;
      metric.label = {{"key", key->about.id}, {"name", key->about.name}, {"outcome", outcome}};
      metric.counter.value = static_cast<double>(count);
      family.metric.push_back(std::move(metric));
    };
    add("accepted", key->counts->accepted);
    add("rejected", key->counts->rejected);
  }
  std::vector<prometheus::MetricFamily> all{std::move(strangers)};
  if (!family.metric.empty()) all.push_back(std::move(family));
  return all;
}

} // namespace

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
    auto families = node.actors.collect();
    for (auto& family : key_metrics(node.keys)) families.push_back(std::move(family));
    request.answer(
        {.body = node.counts.text(std::move(families)), .content_type = "text/plain; version=0.0.4; charset=utf-8"});
  });
}

application health_routes(node_context& node, std::string_view vital) {
  return [&node, vital](worker_context&) {
    router routes;
    add_common_routes(routes, node, vital);
    return routes;
  };
}

void guard(router& routes, const door& at) {
  routes.before(refuse_other_pages);
  routes.before([check = require_access(at)](const exchange& request) -> std::optional<response> {
    return request.request().path.starts_with("/v1/") ? check(request) : std::nullopt;
  });
}

websocket_handlers watched(node_context& node, const door& at, websocket_handlers socket) {
  socket.opened = [&node, at, then = std::move(socket.opened)](worker_context& context, const websocket_peer& peer,
                                                               exchange& request) {
    // Where a token is asked for, who has no key came with the token, and that counts as long as this process lives.
    if (request.key() || !at.token) node.keys.opened(peer, at.scope, request.key());
    if (then) then(context, peer, request);
  };
  socket.closed = [&node, then = std::move(socket.closed)](worker_context& context, const websocket_peer& peer) {
    node.keys.closed(peer.id);
    if (then) then(context, peer);
  };
  return socket;
}

door ingest_door(const node_context& node) {
  return {&node.keys, access_scope::ingest, node.config.ingest_token, !is_loopback(node.config.addr)};
}

door query_door(const node_context& node) {
  return {&node.keys, access_scope::query, node.config.query_token, !is_loopback(node.config.query_addr)};
}

door ui_door(const node_context& node) {
  return {&node.keys, access_scope::query, node.config.query_token, !is_loopback(node.config.ui_addr)};
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
