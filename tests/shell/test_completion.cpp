#include "shell/completion.hpp"
#include "shell/line_editor.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace agentmon::shell;
using list = std::vector<std::string>;

namespace {

list names(completion what) {
  switch (what) {
  case completion::verb: return {"nodes", "why", "log", "tail"};
  case completion::actor: return {"gate", "b/gate"};
  case completion::level: return {"debug", "info"};
  case completion::node: return {"a", "b"};
  default: return {};
  }
}

bool offers(std::string_view line, const std::string& word) {
  const auto all = candidates(line, names);
  return std::find(all.begin(), all.end(), word) != all.end();
}

} // namespace

TEST_CASE("the first word is a command, the others what the command takes") {
  CHECK(offers("", "nodes"));
  CHECK(offers("no", "nodes"));
  CHECK(offers("e", "exit"));
  CHECK(offers("why ", "b/gate"));
  CHECK_FALSE(offers("why ", "nodes"));
  CHECK_FALSE(offers("why gate ", "gate"));
  CHECK(offers("log ", "debug"));
  CHECK_FALSE(offers("log ", "gate"));
  CHECK(offers("log debug ", "gate"));
  CHECK(offers("tree ", "--watch"));
  CHECK(offers("tree ", "b"));
  CHECK_FALSE(offers("ps ", "--watch"));
  CHECK(offers("tail type=error ", "session="));
  CHECK(offers("lag ", "--json"));
  CHECK(candidates("nonsense ", names).empty());
}

TEST_CASE("every command is told apart and has an example that is its own") {
  list seen;
  for (const auto& each : all_commands()) {
    CHECK(std::find(seen.begin(), seen.end(), each.name) == seen.end());
    seen.emplace_back(each.name);
    CHECK(each.example.starts_with(each.name));
    CHECK(each.least <= each.most);
    CHECK(find_command(each.name) == &each);
  }
  CHECK(find_command("nonsense") == nullptr);
}

TEST_CASE("a word is completed as far as all candidates agree") {
  CHECK(complete("no", {"nodes", "ps"}).more == "des ");
  CHECK(complete("se", {"session", "sessions"}).more == "ssion");
  CHECK(complete("session", {"session", "sessions"}).more.empty());
  CHECK(complete("session", {"sessions", "session"}).candidates == list{"session", "sessions"});
  CHECK(complete("ty", {"type=", "session="}).more == "pe=");
  CHECK(complete("x", {"nodes"}).candidates.empty());
  CHECK(complete("", {}).more.empty());
}

TEST_CASE("candidates stand in columns") {
  CHECK(in_columns({"a", "bbb", "cc"}, 10) == "a    bbb\ncc\n");
  CHECK(in_columns({"a", "b"}, 1) == "a\nb\n");
  CHECK(in_columns({}, 80).empty());
}
