#include "actors/sign_ins.hpp"
#include "http/request.hpp"
#include "protocol/limits.hpp"

#include <doctest/doctest.h>

namespace agentmon {
namespace {

struct nobody : outlet {
  void answer(std::vector<answered>) override {}
  void tunnel(connection_id, int32_t, std::string) override {}
};

exchange asked(const std::string& headers) {
  auto bytes = "GET / HTTP/1.1\r\nHost: here:82\r\n" + headers + "\r\n";
  exchange made{std::make_shared<nobody>(), connection_id{1}, *parse_request(bytes), {}};
  made.release();
  return made;
}

/// What a browser sends for a Set-Cookie header.
std::string sent_back(const std::string& set_cookie) {
  return "Cookie: other=1; " + set_cookie.substr(0, set_cookie.find(';')) + "; more=2\r\n";
}

} // namespace

TEST_SUITE_BEGIN("sign-ins");

TEST_CASE("a browser is known by its cookie until it signs out") {
  sign_ins known{82};
  const auto cookie = known.add("the-key", false).value();
  CHECK(cookie.starts_with("agentmon_82="));
  CHECK(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"));
  CHECK(cookie.find("the-key") == std::string::npos);
  CHECK(known.add("the-key", true).value().ends_with("; Secure"));
  CHECK(known.key_of(asked(sent_back(cookie))) == "the-key");
  CHECK(!known.key_of(asked("")));
  CHECK(!known.key_of(asked("Cookie: agentmon_82=0000\r\n")));
  CHECK(!known.key_of(asked("Cookie: agentmon_82=\r\n")));
  CHECK(known.remove(asked(sent_back(cookie))).ends_with("; Max-Age=0"));
  CHECK(!known.key_of(asked(sent_back(cookie))));
}

TEST_CASE("of too many browsers the one that was quiet longest is signed out") {
  sign_ins known{82};
  const auto first = known.add("first", false).value(), second = known.add("second", false).value();
  for (size_t i = 2; i < limits::sign_ins; ++i) REQUIRE(known.add("more", false));
  CHECK(known.key_of(asked(sent_back(first))) == "first"); // not quiet any more
  REQUIRE(known.add("last", false));
  CHECK(known.key_of(asked(sent_back(first))) == "first");
  CHECK(!known.key_of(asked(sent_back(second))));
}

TEST_CASE("nobody tries keys without end") {
  sign_ins known{82};
  for (size_t i = 0; i < limits::sign_in_failures; ++i) {
    CHECK(known.may_try());
    known.failed();
  }
  CHECK(!known.may_try());
}

TEST_CASE("only the page itself is this very site") {
  CHECK(is_own_page(asked("Origin: http://here:82\r\n")));
  CHECK(is_own_page(asked("Origin: https://here:82\r\n")));
  for (const char* origin : {"", "Origin: null\r\n", "Origin: http://here\r\n", "Origin: http://there:82\r\n",
                             "Origin: http://here:82.example.org\r\n", "Origin: here:82\r\n"})
    CHECK_MESSAGE(!is_own_page(asked(origin)), origin);
}

TEST_CASE("a key comes in a small body of JSON, without what could break a header") {
  CHECK(key_in_body(R"({"key":"abc"})") == "abc");
  for (const char* body :
       {"", "abc", "{}", "[]", R"({"key":1})", R"({"key":"a b"})", R"({"key":"a\r\nb"})", R"({"key":"\u00e4"})"})
    CHECK_MESSAGE(key_in_body(body).empty(), body);
  CHECK(key_in_body("{\"key\":\"" + std::string(limits::token_characters + 1, 'a') + "\"}").empty());
}

TEST_SUITE_END();

} // namespace agentmon
