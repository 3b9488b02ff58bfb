#include "commands/emit.hpp"
#include "gateway.hpp"
#include "protocol/decode.hpp"
#include "protocol/encode.hpp"
#include "services/descriptor.hpp"

#include <doctest/doctest.h>

#include <array>
#include <unistd.h>

using namespace agentmon;

namespace {

std::string event_line() { return encode({.type = "note.made", .framework = "test"}) + "\n"; }

/// Answers as the real gateway does, by the same rules.
void judge(const httplib::Request& request, httplib::Response& response) {
  const auto batch = decode(request.body);
  if (!batch) {
    response.status = 400;
    response.set_content(R"({"error":{"code":"invalid","message":"no JSON"}})", "application/json");
    return;
  }
  std::string rejected;
  for (const auto& each : batch->rejections)
    rejected += (rejected.empty() ? "" : ",") + ("{\"index\":" + std::to_string(each.index)) + ",\"field\":\""
                + each.field + "\",\"message\":\"wrong\"}";
  response.status = batch->events.empty() ? 400 : 202;
  response.set_content(batch->events.empty()
                           ? R"({"error":{"code":"invalid","message":"none","details":[)" + rejected + "]}}"
                           : "{\"accepted\":" + std::to_string(batch->events.size()) + ",\"rejected\":[" + rejected
                                 + "]}",
                       "application/json");
}

/// Sends a whole text through a pipe.
class emission {
public:
  explicit emission(std::vector<test_gateway::answer> script) : gateway{std::move(script)} {}

  result<void> send(const std::string& text) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const service::descriptor out{ends[0]};
    std::thread writer{[&] {
      const service::descriptor in{ends[1]};
      for (size_t done = 0; done < text.size();) {
        const auto wrote = ::write(in.get(), text.data() + done, text.size() - done);
        if (wrote <= 0) break;
        done += static_cast<size_t>(wrote);
      }
    }};
    auto sent = send_stream(out.get(), to, [] {});
    writer.join();
    return sent;
  }

  test_gateway gateway;
  std::vector<std::string> rejections; ///< "LINE FIELD"
  sender to{
      gateway_client{{.url = gateway.url(),
                      .token = {},
                      .timeout = std::chrono::minutes{1},
                      .pause = [](std::chrono::milliseconds) { return true; },
                      .on_retry = {}}},
      [this](size_t line, const rejection& why) { rejections.push_back(std::to_string(line) + " " + why.field); }};
};

} // namespace

TEST_CASE("batches of at most 500, whatever is busy in between") {
  emission it{{judge, says(503, "", "1"), judge}};
  std::string text;
  for (int i = 0; i < 1234; ++i) text += event_line();
  REQUIRE(it.send(text));
  CHECK(it.to.totals().accepted == 1234);
  CHECK(it.to.totals().rejected == 0);
  CHECK(it.to.unsent() == 0);
  const auto requests = it.gateway.requests();
  size_t largest = 0;
  for (const auto& each : requests) {
    const auto batch = decode(each.body);
    REQUIRE(batch);
    largest = std::max(largest, batch->events.size());
  }
  CHECK(largest == 500);
  CHECK(requests[1].body == requests[2].body);
}

TEST_CASE("rejected events are told by their line") {
  emission it{{judge}};
  const auto good = event_line();
  REQUIRE(it.send(good + "\nnonsense\n" + good + "{\"a\":1}\n[" + good.substr(0, good.size() - 1) + "]\n" + good));
  CHECK(it.to.totals().accepted == 3);
  CHECK(it.to.totals().rejected == 3);
  std::sort(it.rejections.begin(), it.rejections.end());
  CHECK(it.rejections == std::vector<std::string>{"3 ", "5 schema", "6 "});
}

TEST_CASE("a batch of wrong events only is no failure") {
  emission it{{judge}};
  REQUIRE(it.send("{\"a\":1}\n{\"b\":1}\n"));
  CHECK(it.to.totals().accepted == 0);
  CHECK(it.rejections.size() == 2);
}

TEST_CASE("a refused batch ends it, and what is not stored is known") {
  emission it{{judge, says(401, "")}};
  std::string text;
  for (int i = 0; i < 600; ++i) text += event_line();
  const auto sent = it.send(text);
  REQUIRE_FALSE(sent);
  CHECK(it.to.totals().accepted + it.to.unsent() >= 500);
  CHECK(it.to.first_line() == it.to.totals().accepted + 1);
}

TEST_CASE("an array works like lines") {
  emission it{{judge}};
  REQUIRE(it.send("[\n" + event_line() + ",\n" + event_line() + "]"));
  CHECK(it.to.totals().accepted == 2);
}
