#include "bus/settings.hpp"

#include "bus/handles.hpp"

#include <doctest/doctest.h>

using namespace agentmon;
using namespace agentmon::bus;

TEST_CASE("a URL is told without its secrets") {
  CHECK(without_secrets("nats://localhost:4222") == "nats://localhost:4222");
  CHECK(without_secrets("nats://agent:s3cret@bus.example:4222") == "nats://bus.example:4222");
  CHECK(without_secrets("nats://t0ken@bus.example") == "nats://bus.example");
  CHECK(without_secrets("agent:s3cret@bus.example:4222") == "bus.example:4222");
  CHECK(without_secrets("nats://a:p@ss@one:4222,tls://b:q@two:4222") == "nats://one:4222,tls://two:4222");
  CHECK(without_secrets("").empty());
}

TEST_CASE("the number of a reply subject is its last token") {
  CHECK(last_token("_INBOX.abc.42") == 42);
  CHECK(last_token("7") == 7);
  CHECK(last_token("_INBOX.abc.18446744073709551615") == 18446744073709551615u);
  CHECK(last_token("_INBOX.abc") == 0);
  CHECK(last_token("_INBOX.4x") == 0);
  CHECK(last_token("") == 0);
}
