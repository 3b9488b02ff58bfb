#include "actors/node_actor.hpp"
#include "actors/roster.hpp"
#include "bench.hpp"

using namespace agentmon;
using namespace std::chrono_literals;

namespace {

settings named(const std::string& name, std::set<role> roles = {role::query}) {
  settings config;
  config.node = name;
  config.cluster = "agentmon";
  config.roles = std::move(roles);
  return config;
}

struct cluster : bench {
  cluster() { node.members.enter(named("a")); }

  static member other(const std::string& name, std::set<role> roles = {role::query}) {
    roster one;
    one.enter(named(name, std::move(roles)));
    return one.self();
  }

  node_actor face = keep(spawn_node_actor(system, node, {}));
  caf::strong_actor_ptr pointer = caf::actor_cast<caf::strong_actor_ptr>(face);
};

presence state_of(const roster& members, const std::string& name) {
  for (const auto& each : members.all())
    if (each.name == name) return static_cast<presence>(each.state);
  return presence{};
}

} // namespace

TEST_CASE_FIXTURE(cluster, "who greets is a member, and can be reached") {
  const auto b = other("b");
  auto pending = self->request(face, caf::infinite, hello_atom_v, b, pointer);
  run();
  pending.receive(
      [&](const member& who, const std::vector<member>& all) {
        CHECK(who.name == "a");
        CHECK(all.size() == 2);
      },
      [&](const caf::error& e) { FAIL(to_failure(e).message); });
  CHECK(state_of(node.members, "b") == presence::alive);
  CHECK(node.members.find("b"));
  CHECK(node.members.find("c").error().code == fault::not_found);
  CHECK(node.members.knew_role(role::query));
  CHECK_FALSE(node.members.knew_role(role::monitor));
}

TEST_CASE_FIXTURE(cluster, "who does not belong here is refused with a sentence") {
  auto stranger = other("b");
  stranger.cluster = "elsewhere";
  auto pending = self->request(face, caf::infinite, hello_atom_v, stranger, pointer);
  run();
  pending.receive([](const member&, const std::vector<member>&) { FAIL("let in"); },
                  [](const caf::error& e) {
                    CHECK(to_failure(e).code == fault::invalid);
                    CHECK(to_failure(e).message
                          == "node b belongs to cluster elsewhere, node a to agentmon; see AGENTMON_CLUSTER");
                  });
  auto newer = other("b");
  newer.version = "9.0.1";
  CHECK(node.members.heard(newer, face).error().message.find("install the same version") != std::string::npos);
  newer.version = "0.1.99"; // a mere correction
  CHECK(node.members.heard(newer, face));
  CHECK(node.members.heard(other("a"), face).error().message
        == "two nodes are called a; give each its own AGENTMON_NODE");
}

TEST_CASE_FIXTURE(cluster, "a name is taken as long as its node lives") {
  const auto at = roster::clock::now();
  REQUIRE(node.members.heard(other("b"), face, at));
  const auto twin = other("b");
  CHECK(node.members.heard(twin, face, at).error().code == fault::invalid);
  node.members.look(at + limits::member_silence + 1ms);
  CHECK(state_of(node.members, "b") == presence::away);
  CHECK(node.members.heard(twin, face, at + 6s));
}

TEST_CASE_FIXTURE(cluster, "silence, a lost connection and a goodbye") {
  const auto at = roster::clock::now();
  auto b = other("b");
  b.address = "b:4711";
  REQUIRE(node.members.heard(b, face, at));
  node.members.look(at + limits::member_silence);
  CHECK(node.members.others().size() == 1);
  CHECK(node.members.missing().empty());
  node.members.look(at + limits::member_silence + 1ms);
  CHECK(node.members.others().empty());
  CHECK(node.members.find("b").error().message == "node b is away");
  CHECK(node.members.missing() == std::vector<std::string>{"b:4711"});

  REQUIRE(node.members.heard(b, face, at));
  node.members.lost(face.address());
  CHECK(state_of(node.members, "b") == presence::away);

  REQUIRE(node.members.heard(b, face, at));
  node.members.left("b", b.incarnation + 1);
  CHECK(state_of(node.members, "b") == presence::alive);
  node.members.left("b", b.incarnation);
  CHECK(state_of(node.members, "b") == presence::stopped);

  // Answered before the goodbye, but read after it.
  CHECK(node.members.heard(b, face, at));
  node.members.lost(face.address());
  CHECK(state_of(node.members, "b") == presence::stopped);
  auto next = other("b");
  REQUIRE(node.members.heard(next, face, at));
  CHECK(state_of(node.members, "b") == presence::alive);

  node.members.look(at + limits::member_forgotten + 1s);
  CHECK(node.members.all().size() == 1);
}

TEST_CASE_FIXTURE(cluster, "others are learned from others, but only seen for oneself") {
  auto c = other("c");
  c.address = "c:4711";
  node.members.told(c);
  CHECK(state_of(node.members, "c") == presence::away);
  CHECK(node.members.missing() == std::vector<std::string>{"c:4711"});
  auto stranger = other("d");
  stranger.cluster = "elsewhere";
  node.members.told(stranger);
  CHECK(node.members.all().size() == 2);
}
