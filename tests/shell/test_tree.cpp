#include "protocol/time.hpp"
#include "shell/tree.hpp"

#include <doctest/doctest.h>

using namespace agentmon::shell;

namespace {

std::string actor(const std::string& name, const std::string& above, const std::string& more = {}) {
  return R"({"name":")" + name + R"(","above":")" + above + R"(","state":"up","since":")"
         + agentmon::format_time(agentmon::now()) + "\"" + more + "}";
}

rapidjson::Document node_with(const std::string& report) {
  const auto text = R"({"name":"b","state":"alive","version":"1","roles":["ingest","processor"],"since":")"
                    + agentmon::format_time(agentmon::now()) + R"(","report":)" + report + "}";
  rapidjson::Document node;
  node.Parse(text.data(), text.size());
  REQUIRE_FALSE(node.HasParseError());
  return node;
}

} // namespace

TEST_CASE("a tree shows roles in path order, pools by number, and who stands below another actor") {
  const auto node = node_with(R"({"actors":[)" + actor("node", "node") + "," + actor("journal", "ingest") + ","
                              + actor("gate", "ingest", R"(,"restarts":3)") + "," + actor("writer-1", "processor") + ","
                              + actor("writer-2", "processor", R"(,"mailbox":2,"restarts":1)") + ","
                              + actor("writer-10", "processor") + "," + actor("helper", "gate") + "]}");
  CHECK(draw_tree(node)
        == "b  alive, 1, started 0 s ago\n"
           "├─ ingest\n"
           "│  ├─ gate  up for 0 s, restarted 3 times\n"
           "│  │  └─ helper  up for 0 s\n"
           "│  └─ journal  up for 0 s\n"
           "├─ processor\n"
           "│  ├─ writer-1  up for 0 s\n"
           "│  ├─ writer-2  up for 0 s, mailbox 2, restarted once\n"
           "│  └─ writer-10  up for 0 s\n"
           "└─ node\n"
           "   └─ node  up for 0 s\n");
}

TEST_CASE("a node that does not answer is told so") {
  CHECK(draw_tree(node_with("null")) == "b  alive, 1, started 0 s ago\n└─ (says nothing of its actors)\n");
}

TEST_CASE("an actor that is above itself ends the drawing all the same") {
  CHECK(draw_tree(node_with(R"({"actors":[)" + actor("odd", "odd") + "]}")).size() < 200);
}
