#include "actors/operations.hpp"
#include "actors/roster.hpp"
#include "bench.hpp"

using namespace agentmon;
using namespace std::chrono_literals;

namespace {

settings named(const std::string& name, std::set<role> roles) {
  settings config;
  config.node = name;
  config.cluster = "agentmon";
  config.roles = std::move(roles);
  return config;
}

/// Another node as it is seen from here: it answers with its name and what it was asked. "frozen" answers no question.
node_actor::behavior_type other_node(node_actor::pointer self, const std::string& name) {
  return {
      [](hello_atom, const member& who, const caf::strong_actor_ptr&) -> caf::result<member, std::vector<member>> {
        return {who, std::vector<member>{}};
      },
      [](goodbye_atom, const std::string&, uint64_t) {},
      [](roster_atom) { return std::vector<member>{}; },
      [](forward_atom, const std::vector<forwarded_part>&) { return uint64_t{0}; },
      [](changed_atom, const std::vector<live_change>&, int64_t) {},
      [](lease_atom, const std::string&, const std::vector<std::string>&) { return std::vector<std::string>{}; },
      [](release_atom, const std::string&, const std::vector<std::string>&) { return true; },
      [self, name](query_atom, const query& q) -> caf::result<std::string> {
        if (name == "frozen") return self->make_response_promise<std::string>();
        return "{\"" + q.route + "\":\"of " + name + "\"}";
      },
      [name](instruct_atom, const instruction& what) -> caf::result<std::string> {
        if (what.verb == "poll" && what.object != "vm-of-" + name)
          return to_error({fault::not_found, "no machine " + what.object});
        return name + " does " + what.verb + " " + what.object;
      },
      [name](tail_atom, const live_filter&, uint64_t) { return "frames of " + name; },
      [](keys_atom, const std::string&, const std::vector<key_use>&) { return std::string{}; },
  };
}

fleet_actor::behavior_type fleet_of(fleet_actor::pointer, const std::string& machine) {
  return {
      [](judged_atom, const std::string&, const monitor::judged&) {},
      [machine](poll_atom, const std::string& vm) { return vm == machine; },
      [](caf::get_atom) { return uint64_t{1}; },
  };
}

struct cluster : bench {
  cluster() {
    node.config = named("here", {role::ingest, role::monitor});
    node.members.enter(node.config);
  }

  void join(const std::string& name, std::set<role> roles) {
    roster one;
    one.enter(named(name, std::move(roles)));
    auto face = keep(system.spawn(other_node, name));
    REQUIRE(node.members.heard(one.self(), face));
  }

  fleet_actor fleet = keep(system.spawn(fleet_of, "vm-of-here"));
  operations_actor operations = keep(spawn_operations(system, node, {}, {}, fleet));

  result<std::string> asked(const std::string& route, const std::string& id = {}) {
    return ask<std::string>(operations, query_atom_v, query{route, id, {}});
  }
  result<std::string> told(instruction what) { return ask<std::string>(operations, instruct_atom_v, std::move(what)); }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_SUITE_BEGIN("operations");

TEST_CASE_FIXTURE(cluster, "a node alone tells of itself") {
  const auto all = asked("system");
  REQUIRE(all);
  CHECK(has(*all, R"("name":"here","roles":["ingest","monitor"])"));
  CHECK(has(*all, R"("state":"alive")"));
  CHECK(has(*all, R"("stored":null)")); // it has no processor: unknown, not 0
}

TEST_CASE_FIXTURE(cluster, "all nodes are told, with what each says of itself") {
  join("b", {role::query});
  const auto all = asked("system");
  REQUIRE(all);
  CHECK(has(*all, R"("report":{"report":"of b"})"));
}

TEST_CASE_FIXTURE(cluster, "a node that does not answer holds up nobody for long, and its report is unknown") {
  join("frozen", {role::query});
  join("b", {role::query});
  auto pending = self->request(operations, caf::infinite, query_atom_v, query{"system", {}, {}});
  run();
  advance(limits::node_answer_timeout);
  std::string all;
  pending.receive([&](std::string& json) { all = std::move(json); },
                  [&](const caf::error& e) { FAIL(to_failure(e).message); });
  CHECK(has(all, R"("name":"frozen")"));
  CHECK(has(all, R"("report":{"report":"of b"})"));
  CHECK(has(all, R"("report":null)"));
}

TEST_CASE_FIXTURE(cluster, "what is asked of another node is answered by it") {
  join("b", {role::query});
  CHECK(asked("report", "b") == std::string{R"({"report":"of b"})"});
  CHECK(asked("config", "nobody").error().code == fault::not_found);
  CHECK(told({"b", "restart", "reader-1", {}}) == std::string{"b does restart reader-1"});
}

TEST_CASE_FIXTURE(cluster, "what lies in PostgreSQL is answered by a node with role query") {
  CHECK(asked("sessions").error().code == fault::unavailable);
  join("b", {role::processor});
  CHECK(asked("sessions").error().code == fault::unavailable);
  join("c", {role::query});
  CHECK(asked("sessions") == std::string{R"({"sessions":"of c"})"});
  CHECK(ask<std::string>(operations, tail_atom_v, live_filter{}, uint64_t{0}) == std::string{"frames of c"});
}

TEST_CASE_FIXTURE(cluster, "a machine is looked at by whichever node watches it") {
  join("b", {role::monitor});
  join("c", {role::monitor});
  CHECK(told({{}, "poll", "vm-of-here", {}}) == std::string{"here looks at vm-of-here now"});
  CHECK(told({{}, "poll", "vm-of-b", {}}) == std::string{"b does poll vm-of-b"});
  CHECK(told({{}, "poll", "vm-of-c", {}}) == std::string{"c does poll vm-of-c"});
  CHECK(told({{}, "poll", "vm-of-nobody", {}}).error().code == fault::not_found);
  CHECK(told({"here", "poll", "vm-of-b", {}}).error().code == fault::not_found); // only this node was named
}

TEST_CASE_FIXTURE(cluster, "what cannot be done is told in words") {
  CHECK(told({{}, "restart", "nobody", {}}).error().code == fault::not_found);
  CHECK(told({{}, "log", {}, "loud"}).error().code == fault::invalid);
  CHECK(told({{}, "dance", {}, {}}).error().code == fault::invalid);
  const auto role_only = told({{}, "drain", "ingest", {}});
  CHECK(role_only.error().code == fault::invalid);
  CHECK(has(role_only.error().message, "other roles"));
}

TEST_SUITE_END();
