#include "http/bind.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

namespace agentmon {
namespace {

TEST_CASE("loopback is told from the rest of the world") {
  for (const auto* text : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"})
    CHECK_MESSAGE(is_loopback(*parse_endpoint(text)), text);
  for (const auto* text : {":1", "0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.org:1"})
    CHECK_MESSAGE(!is_loopback(*parse_endpoint(text)), text);
}

TEST_CASE("a taken port is an error with words") {
  const auto first = bind({"127.0.0.1", 0});
  REQUIRE(first);
  CHECK(first->port > 0);
  const auto second = bind({"127.0.0.1", first->port});
  REQUIRE_FALSE(second);
  CHECK(second.error().code == fault::unavailable);
  CHECK(second.error().message.find("127.0.0.1:" + std::to_string(first->port)) != std::string::npos);
  CHECK(second.error().message.find("in use") != std::string::npos);
  ::close(first->fd);
  const auto foreign = bind({"192.0.2.1", 0});
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().message.find("Choose an address of this machine.") != std::string::npos);
}

} // namespace
} // namespace agentmon
