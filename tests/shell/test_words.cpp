#include "shell/words.hpp"

#include <doctest/doctest.h>

using namespace agentmon::shell;
using list = std::vector<std::string>;

TEST_CASE("a line is split at blanks, and quotes hold together") {
  CHECK(split("") == list{});
  CHECK(split("  \t ") == list{});
  CHECK(split("run  a-b\tc\r") == list{"run", "a-b", "c"});
  CHECK(split(R"(sessions q="two words" host='a b')") == list{"sessions", "q=two words", "host=a b"});
  CHECK(split(R"(session "it's")") == list{"session", "it's"});
  CHECK(split(R"(session "")") == list{"session", ""});
  CHECK(split(R"(session "open to the end)") == list{"session", "open to the end"});
}

TEST_CASE("a text is several commands, but quotes hold semicolons") {
  CHECK(statements("nodes") == list{"nodes"});
  CHECK(statements("nodes; ps\nlag") == list{"nodes", " ps", "lag"});
  CHECK(statements(R"(session "a;b"; run 'c;d')") == list{R"(session "a;b")", " run 'c;d'"});
  CHECK(statements("nodes;") == list{"nodes", ""});
}

TEST_CASE("an actor is named with its node or without") {
  CHECK(place_of("gate").node.empty());
  CHECK(place_of("gate").name == "gate");
  CHECK(place_of("b/gate").node == "b");
  CHECK(place_of("b/gate").name == "gate");
  CHECK(place_of("b/").node == "b");
  CHECK(place_of("b/").name.empty());
}

TEST_CASE("a list has commas between") {
  CHECK(list_of("") == list{});
  CHECK(list_of("error") == list{"error"});
  CHECK(list_of("error,,run.end,") == list{"error", "run.end"});
}
