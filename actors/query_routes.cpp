#include "actors/routes.hpp"
#include "protocol/limits.hpp"
#include "protocol/utf_8.hpp"
#include "protocol/validate.hpp"

#include <caf/all.hpp>

#include <charconv>
#include <optional>

namespace agentmon {
namespace {

/// path, name in reader.cpp's table, name of the id in the path, name of a second one, which becomes a parameter
struct api_route {
  const char* path;
  const char* route;
  const char* id;
  const char* parameter = nullptr;
};
constexpr api_route api_routes[] = {
    {"/v1/events", "events", nullptr},
    {"/v1/events/{id}", "event", "id"},
    {"/v1/sessions", "sessions", nullptr},
    {"/v1/sessions/{id}", "session", "id"},
    {"/v1/runs", "runs", nullptr},
    {"/v1/runs/{id}", "run", "id"},
    {"/v1/runs/{id}/spans/{span_id}", "span", "id", "span_id"},
    {"/v1/agents", "agents", nullptr},
    {"/v1/stats/summary", "summary", nullptr},
    {"/v1/stats/timeseries", "timeseries", nullptr},
    {"/v1/stats/agents", "agent_steps", nullptr},
    {"/v1/stats/tools", "tools", nullptr},
    {"/v1/stats/marks", "marks", nullptr},
    {"/v1/vms", "vms", nullptr},
    {"/v1/vms/{name}/samples", "vm_samples", "name"},
};

std::multimap<std::string, std::string> parameters_of(const exchange& request) {
  const auto& given = request.request().params;
  return {given.begin(), given.end()};
}

void ask(worker_context& context, const reader_actor& readers, const api_route& to, exchange request) {
  query q{to.route, to.id == nullptr ? std::string{} : std::string{request.capture(to.id)}, parameters_of(request)};
  if (to.parameter != nullptr) q.parameters.emplace(to.parameter, request.capture(to.parameter));
  if (!is_utf_8(q.id) || q.id.find('\0') != std::string::npos) // PostgreSQL would say so in its words
    return request.answer(answer_of({fault::invalid, "the id in the path must be UTF-8 text"}));
  context.self->request(readers, limits::answer_timeout, query_atom_v, std::move(q))
      .then([request](std::string& json) mutable { request.answer({.body = std::move(json)}); },
            [request](caf::error& e) mutable { request.answer(answer_of(to_failure(e))); });
}

struct live_request {
  live_filter filter;
  uint64_t since = 0;
};

result<std::vector<std::string>> parse_types(std::string_view list) {
  std::vector<std::string> types;
  for (size_t from = 0; from <= list.size();) {
    const auto comma = std::min(list.find(',', from), list.size());
    const auto type = list.substr(from, comma - from);
    if (!is_event_type(type))
      return fail(fault::invalid, "parameter types is \"" + std::string{list}
                                      + "\" but must be event types, sessions or vms, with commas between");
    types.emplace_back(type);
    from = comma + 1;
  }
  return types;
}

result<uint64_t> parse_since(std::string_view text) {
  uint64_t since = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), since);
  if (error == std::errc{} && end == text.data() + text.size()) return since;
  return fail(fault::invalid,
              "parameter since is \"" + std::string{text} + "\" but must be a frame's seq, a whole number");
}

result<live_request> parse_live(const std::multimap<std::string, std::string>& parameters) {
  live_request wanted;
  for (const auto& [name, value] : parameters) {
    if (name == "session_id") {
      wanted.filter.session_id = value;
    } else if (name == "framework") {
      wanted.filter.framework = value;
    } else if (name == "types") {
      auto types = parse_types(value);
      if (!types) return tl::unexpected{types.error()};
      wanted.filter.types = std::move(*types);
    } else if (name == "since") {
      const auto since = parse_since(value);
      if (!since) return tl::unexpected{since.error()};
      wanted.since = *since;
    } else if (name != "token") { // require_access has looked at that one
      return fail(fault::invalid, "unknown parameter " + name + "; allowed are session_id, framework, types and since");
    }
  }
  return wanted;
}

websocket_handlers live_socket(const broadcaster_actor& viewers) {
  websocket_handlers socket;
  socket.admit = [](worker_context&, exchange& request) -> std::optional<response> {
    const auto wanted = parse_live(parameters_of(request));
    if (!wanted) return answer_of(wanted.error());
    return std::nullopt;
  };
  socket.opened = [viewers](worker_context& context, const websocket_peer& peer, exchange& request) {
    auto wanted = parse_live(parameters_of(request));
    if (wanted) context.self->send(viewers, join_atom_v, peer, std::move(wanted->filter), wanted->since);
  };
  socket.closed = [viewers](worker_context& context, const websocket_peer& peer) {
    context.self->send(viewers, leave_atom_v, peer.id);
  };
  socket.congested = [viewers](worker_context& context, const websocket_peer& peer, bool begins, uint64_t dropped) {
    if (!begins) context.self->send(viewers, relieved_atom_v, peer.id, dropped);
  };
  return socket;
}

} // namespace

application query_routes(node_context& node, const reader_actor& readers, const broadcaster_actor& viewers,
                         const operations_actor& operations) {
  return [&node, readers, viewers, operations](worker_context&) {
    router routes;
    const auto at = query_door(node);
    guard(routes, at);
    add_common_routes(routes, node, "postgresql");
    for (const auto& route : api_routes)
      routes.on("GET", route.path, [readers, &route](worker_context& context, exchange request) {
        ask(context, readers, route, std::move(request));
      });
    routes.on("GET", "/v1/system", [operations](worker_context& context, exchange request) {
      context.self->request(operations, limits::answer_timeout, query_atom_v, query{"system", {}, {}})
          .then([request](std::string& json) mutable { request.answer({.body = std::move(json)}); },
                [request](caf::error& e) mutable { request.answer(answer_of(to_failure(e))); });
    });
    // Whoever reads this was let in.
    routes.on("GET", "/v1/access",
              [](worker_context&, exchange request) { request.answer({.body = R"({"access":true})"}); });
    routes.websocket("/v1/ws", watched(node, at, live_socket(viewers)));
    return routes;
  };
}

} // namespace agentmon
