#include "protocol/endpoint.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>

namespace agentmon {
namespace {

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool is_address_character(char c) { return is_host_character(c) || c == ':' || c == '%'; }

} // namespace

result<endpoint> parse_endpoint(std::string_view text) {
  const auto wrong = [&] {
    return fail(fault::invalid,
                "\"" + std::string{text}
                    + "\" is not an address; write :PORT, HOST:PORT or [IPV6]:PORT with a port of 0 to 65535");
  };
  const auto colon = text.rfind(':');
  if (colon == text.npos) return wrong();
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  bool fits = false;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    fits = std::all_of(host.begin(), host.end(), is_address_character);
  } else {
    fits = std::all_of(host.begin(), host.end(), is_host_character);
  }
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (!fits || digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return wrong();
  return endpoint{std::string{host}, port};
}

std::string to_string(const endpoint& e) {
  const auto port = ":" + std::to_string(e.port);
  return e.host.find(':') == std::string::npos ? e.host + port : "[" + e.host + "]" + port;
}

std::string local_url(const endpoint& e) {
  return "http://" + to_string(is_everywhere(e) ? endpoint{"127.0.0.1", e.port} : e);
}

bool is_everywhere(const endpoint& e) { return e.host.empty() || e.host == "0.0.0.0" || e.host == "::"; }

bool is_loopback(const endpoint& where) {
  in6_addr six{};
  if (inet_pton(AF_INET6, where.host.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six);
  in_addr four{};
  if (inet_pton(AF_INET, where.host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == IN_LOOPBACKNET;
  return where.host == "localhost";
}

} // namespace agentmon
