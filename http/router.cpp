#include "http/router.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace agentmon {
namespace {

constexpr size_t most_segments = 16; // longer paths match no pattern but "*"

/// The path of a target: without scheme and authority (absolute form), query and fragment.
std::string_view path_of(std::string_view target) {
  if (!target.starts_with('/')) {
    const auto authority = target.find("://");
    const auto slash = authority == target.npos ? target.npos : target.find('/', authority + 3);
    if (slash == target.npos) return target;
    target.remove_prefix(slash);
  }
  return target.substr(0, target.find_first_of("?#"));
}

std::string decode(std::string_view segment) {
  std::string out;
  out.reserve(segment.size());
  for (size_t i = 0; i < segment.size(); ++i) {
    unsigned char byte = 0;
    const auto hex = segment.substr(i, 3);
    const auto* end = hex.data() + hex.size();
    if (hex.size() == 3 && hex[0] == '%' && std::from_chars(hex.data() + 1, end, byte, 16).ptr == end) {
      out += static_cast<char>(byte);
      i += 2;
    } else
      out += segment[i];
  }
  return out;
}

bool is_capture(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

/// Orders patterns from the most to the least exact.
std::string rank(const std::vector<std::string>& segments) {
  std::string out;
  for (const auto& segment : segments) out += segment == "*" ? '3' : is_capture(segment) ? '2' : '1';
  return out;
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> out;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    out.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return out;
}

/// Does the path match? Fills `found` with what the pattern captures.
bool match(const std::vector<std::string>& pattern, std::string_view path, exchange::captures& found) {
  found.clear();
  for (const auto& segment : pattern) {
    if (!path.starts_with('/')) return false;
    path.remove_prefix(1);
    if (segment == "*") {
      found.emplace_back("*", path);
      return true;
    }
    const auto end = std::min(path.find('/'), path.size());
    const auto text = path.substr(0, end);
    const bool encoded = text.find('%') != text.npos;
    if (is_capture(segment)) {
      if (text.empty()) return false;
      found.emplace_back(segment.substr(1, segment.size() - 2), encoded ? decode(text) : std::string{text});
    } else if (encoded ? decode(text) != segment : text != segment)
      return false;
    path.remove_prefix(end);
  }
  return path.empty();
}

response not_allowed(int status, const std::set<std::string>& methods) {
  std::string allow = "OPTIONS";
  for (const auto& method : methods) allow += ", " + method;
  auto answer = status == 204 ? response{.status = 204, .content_type = {}}
                              : error(405, "method_not_allowed", "This address takes only " + allow + ".");
  answer.headers.emplace_back("Allow", allow);
  return answer;
}

} // namespace

router& router::add(entry added) {
  const auto key = rank(added.segments);
  const auto at =
      std::find_if(entries_.begin(), entries_.end(), [&](const entry& e) { return rank(e.segments) > key; });
  entries_.insert(at, std::move(added));
  return *this;
}

router& router::on(std::string_view method, std::string_view pattern, handler handle) {
  return add({.method = std::string{method}, .segments = split(pattern), .handle = std::move(handle), .socket = {}});
}

router& router::websocket(std::string_view pattern, websocket_handlers handlers) {
  return add({.method = "GET",
              .segments = split(pattern),
              .handle = {},
              .socket = std::make_shared<websocket_handlers>(std::move(handlers))});
}

router& router::otherwise(handler handle) {
  otherwise_ = std::move(handle);
  return *this;
}

router& router::before(std::function<std::optional<response>(const exchange&)> look) {
  before_.push_back(std::move(look));
  return *this;
}

const websocket_handlers* router::route(worker_context& context, exchange asked, bool handshake) const {
  for (const auto& look : before_) {
    if (auto answer = look(asked)) {
      asked.answer(*answer);
      return nullptr;
    }
  }
  const auto& request = asked.request();
  const auto path = path_of(request.target);
  const bool too_deep = std::count(path.begin(), path.end(), '/') > static_cast<std::ptrdiff_t>(most_segments);
  std::set<std::string> methods;
  bool speaks_websocket = false;
  exchange::captures found;
  for (const auto& candidate : entries_) {
    if (too_deep && candidate.segments.back() != "*") continue;
    if (!match(candidate.segments, path, found)) continue;
    const bool method_fits = candidate.method == request.method || candidate.method == "*"
                             || (candidate.method == "GET" && request.method == "HEAD");
    if (candidate.socket && !(handshake && method_fits)) {
      speaks_websocket = true;
      continue;
    }
    if (method_fits) {
      asked.set_captures(std::move(found));
      if (candidate.socket) return candidate.socket.get();
      candidate.handle(context, std::move(asked));
      return nullptr;
    }
    methods.insert(candidate.method);
    if (candidate.method == "GET") methods.insert("HEAD");
  }
  if (speaks_websocket && methods.empty()) {
    if (request.method == "GET")
      asked.answer(to_response({426, "This address speaks WebSocket: send a handshake (Upgrade: websocket)."}));
    methods.insert("GET");
  }
  if (asked.answered()) return nullptr;
  if (!methods.empty())
    asked.answer(not_allowed(request.method == "OPTIONS" ? 204 : 405, methods));
  else if (otherwise_)
    otherwise_(context, std::move(asked));
  else
    asked.answer(error(404, "not_found", "There is nothing at this address."));
  return nullptr;
}

} // namespace agentmon
