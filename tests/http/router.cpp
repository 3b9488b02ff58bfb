#include "http/router.hpp"

#include "http/request.hpp"
#include "http/token.hpp"
#include "http/worker.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace agentmon {
namespace {

/// Keeps what would have been sent.
struct kept : outlet {
  void answer(std::vector<answered> all) override {
    for (auto& each : all) answers.push_back(std::move(each.bytes));
  }
  void tunnel(connection_id, int32_t, std::string) override {}
  std::vector<std::string> answers;
};

exchange make(const std::shared_ptr<kept>& out, std::string_view method, std::string_view target,
              std::string_view headers = "", std::string raw = {}) {
  auto bytes =
      std::string{method} + " " + std::string{target} + " HTTP/1.1\r\nHost: x\r\n" + std::string{headers} + "\r\n";
  return {out, connection_id{1}, *parse_request(bytes), {.head = method == "HEAD"}, std::move(raw)};
}

router::handler say(std::string text) {
  return [text](worker_context&, exchange asked) {
    std::string body = text;
    for (const auto* name : {"id", "name", "*"})
      if (!asked.capture(name).empty()) body += "," + std::string{asked.capture(name)};
    asked.answer({.body = std::move(body)});
  };
}

struct site {
  site() {
    routes.on("GET", "/", say("root"))
        .on("*", "/v1/*", say("rest"))
        .on("GET", "/v1/runs/{id}", say("run"))
        .on("DELETE", "/v1/runs/{id}", say("delete"))
        .on("GET", "/v1/runs/all", say("all"))
        .on("POST", "/only", say("post"))
        .on("GET", "/a/{id}/b/{name}", say("two"))
        .websocket("/ws", {});
  }
  std::string ask(std::string_view method, std::string_view target, std::string_view headers = "") {
    routes.route(context, make(out, method, target, headers), false);
    REQUIRE(out->answers.size() == 1);
    const auto bytes = std::exchange(out->answers, {}).front();
    last = bytes;
    return bytes.substr(9, 3) + " " + bytes.substr(bytes.find("\r\n\r\n") + 4);
  }
  worker_context context{};
  std::shared_ptr<kept> out = std::make_shared<kept>();
  router routes;
  std::string last;
};

TEST_CASE_FIXTURE(site, "the most exact pattern wins") {
  CHECK(ask("GET", "/") == "200 root");
  CHECK(ask("GET", "/v1/runs/7") == "200 run,7");
  CHECK(ask("DELETE", "/v1/runs/7") == "200 delete,7");
  CHECK(ask("GET", "/v1/runs/all") == "200 all");
  CHECK(ask("GET", "/v1/other/x/y?z=1") == "200 rest,other/x/y");
  CHECK(ask("GET", "/a/1/b/2") == "200 two,1,2");
  CHECK(ask("GET", "http://host:80/v1/runs/7") == "200 run,7");
}

TEST_CASE_FIXTURE(site, "a captured segment is decoded and never split") {
  CHECK(ask("GET", "/v1/runs/a%2Fb%20c") == "200 run,a/b c");
  CHECK(ask("GET", "/v1/runs/50%") == "200 run,50%");
  CHECK(ask("GET", "/v1/runs/%zz") == "200 run,%zz");
  CHECK(ask("GET", "/v1/run%73/all") == "200 all");
  CHECK(ask("GET", "/a//b/2").starts_with("404"));
}

TEST_CASE_FIXTURE(site, "unknown paths, methods and OPTIONS are answered") {
  CHECK(ask("GET", "/nothing").starts_with("404 {\"error\":{\"code\":\"not_found\""));
  CHECK(ask("GET", "/only/").starts_with("404"));
  CHECK(ask("GET", "/" + std::string(100, '/')).starts_with("404"));
  CHECK(ask("GET", "/only").starts_with("405"));
  CHECK(last.find("\r\nAllow: OPTIONS, POST\r\n") != std::string::npos);
  CHECK(ask("OPTIONS", "/only") == "204 ");
  CHECK(last.find("\r\nAllow: OPTIONS, POST\r\n") != std::string::npos);
  CHECK(ask("PUT", "/a/1/b/2").starts_with("405"));
  CHECK(last.find("\r\nAllow: OPTIONS, GET, HEAD\r\n") != std::string::npos);
  CHECK(ask("HEAD", "/a/1/b/2") == "200 ");
  CHECK(ask("OPTIONS", "/v1/x") == "200 rest,x");
}

TEST_CASE_FIXTURE(site, "a WebSocket route is for handshakes") {
  CHECK(ask("GET", "/ws").starts_with("426"));
  CHECK(last.find("\r\nSec-WebSocket-Version: 13\r\n") != std::string::npos);
  CHECK(ask("POST", "/ws").starts_with("405"));
  CHECK(routes.route(context, make(out, "GET", "/ws", "", "raw"), true) != nullptr);
  REQUIRE(out->answers.size() == 1); // the test dropped the exchange, which a worker would not
}

TEST_CASE_FIXTURE(site, "what no pattern matches goes to otherwise") {
  routes.otherwise(say("page"));
  CHECK(ask("GET", "/nothing") == "200 page");
  CHECK(ask("GET", "/only").starts_with("405"));
}

TEST_CASE_FIXTURE(site, "a token is wanted where one is set") {
  const keyring keys;
  routes.before(require_access({&keys, access_scope::query, "secret"}));
  CHECK(ask("GET", "/").starts_with("401"));
  CHECK(last.find("\r\nWWW-Authenticate: Bearer realm=\"agentmon\"\r\n") != std::string::npos);
  CHECK(ask("GET", "/", "Authorization: Bearer secret\r\n") == "200 root");
  CHECK(ask("GET", "/", "Authorization: bearer  secret\r\n") == "200 root");
  CHECK(ask("GET", "/", "Authorization: Bearer secreT\r\n").starts_with("401"));
  CHECK(ask("GET", "/", "Authorization: Bearer secret2\r\n").starts_with("401"));
  CHECK(ask("GET", "/", "Authorization: Basic secret\r\n").starts_with("401"));
  CHECK(ask("GET", "/?token=secret").starts_with("401"));
  CHECK(routes.route(context, make(out, "GET", "/ws?token=secret", "", "raw"), true) != nullptr);
  CHECK(routes.route(context, make(out, "GET", "/ws?token=wrong", "", "raw"), true) == nullptr);
}

TEST_CASE_FIXTURE(site, "a page of another site opens no WebSocket") {
  routes.before(refuse_other_pages);
  const auto opens = [&](std::string_view headers) {
    return routes.route(context, make(out, "GET", "/ws", headers, "raw"), true) != nullptr;
  };
  CHECK(opens(""));
  CHECK(opens("Origin: http://x\r\n"));
  CHECK(!opens("Origin: http://x:81\r\n"));
  CHECK(!opens("Origin: https://example.org\r\n"));
  CHECK(!opens("Origin: null\r\n"));
  CHECK(out->answers.back().starts_with("HTTP/1.1 403 "));
  out->answers.clear();
  CHECK(ask("GET", "/", "Origin: https://example.org\r\n") == "200 root");
}

TEST_CASE("an exchange is answered once, and never not at all") {
  const auto out = std::make_shared<kept>();
  {
    auto first = make(out, "GET", "/");
    auto copy = first;
    first.answer({.body = "one"});
    copy.answer({.body = "two"});
    CHECK(copy.answered());
  }
  REQUIRE(out->answers.size() == 1);
  CHECK(out->answers[0].ends_with("one"));
  { make(out, "GET", "/dropped"); }
  REQUIRE(out->answers.size() == 2);
  CHECK(out->answers[1].starts_with("HTTP/1.1 500 "));
}

} // namespace
} // namespace agentmon
