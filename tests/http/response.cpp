#include "http/response.hpp"

#include "http/inflate.hpp"

#include <doctest/doctest.h>
#include <rapidjson/document.h>

#include <string>

namespace agentmon {
namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

std::string body_of(const std::string& bytes) { return bytes.substr(bytes.find("\r\n\r\n") + 4); }

TEST_CASE("an answer carries what HTTP/1.1 asks for") {
  const auto bytes = to_bytes({.status = 202, .body = "{}"}, {});
  CHECK(bytes.starts_with("HTTP/1.1 202 Accepted\r\nDate: "));
  CHECK(has(bytes, " GMT\r\n"));
  CHECK(has(bytes, "\r\nContent-Type: application/json\r\n"));
  CHECK(has(bytes, "\r\nContent-Length: 2\r\n"));
  CHECK(has(bytes, "\r\nX-Content-Type-Options: nosniff\r\n"));
  CHECK(has(bytes, "\r\nConnection: keep-alive\r\n"));
  CHECK(body_of(bytes) == "{}");
  CHECK(has(to_bytes({}, {.keep_alive = false}), "\r\nConnection: close\r\n"));
}

TEST_CASE("an error that quotes a client's bytes is JSON in UTF-8 all the same") {
  const auto answer = error(400, "invalid", "q=\xff\xc3 is not allowed", {{0, "\xe2\x82", "x"}});
  rapidjson::Document json;
  json.Parse<rapidjson::kParseValidateEncodingFlag>(answer.body.data(), answer.body.size());
  REQUIRE_FALSE(json.HasParseError());
  CHECK(json["error"]["message"] == "q=\xef\xbf\xbd\xef\xbf\xbd is not allowed");
}

TEST_CASE("HEAD gets the head of GET") {
  const response answer{.body = "hello"};
  const auto bytes = to_bytes(answer, {.head = true});
  CHECK(has(bytes, "\r\nContent-Length: 5\r\n"));
  CHECK(body_of(bytes).empty());
}

TEST_CASE("204 and 304 have neither body nor length") {
  for (const int status : {204, 304}) {
    const auto bytes = to_bytes({.status = status, .body = "x"}, {});
    CHECK_FALSE(has(bytes, "Content-Length"));
    CHECK_FALSE(has(bytes, "Content-Type:"));
    CHECK(body_of(bytes).empty());
  }
}

TEST_CASE("a header cannot break out of its line") {
  const auto bytes = to_bytes({.headers = {{"X-A", "b\r\nX-Evil: 1"}, {"X B", "c"}, {"X-C", "fine"}}}, {});
  CHECK_FALSE(has(bytes, "Evil"));
  CHECK_FALSE(has(bytes, "X B"));
  CHECK(has(bytes, "\r\nX-C: fine\r\n"));
}

TEST_CASE("large texts are packed for those who want it") {
  const std::string text(5000, 'x');
  const auto packed = to_bytes({.body = text}, {.accepts_gzip = true});
  CHECK(has(packed, "\r\nContent-Encoding: gzip\r\n"));
  CHECK(has(packed, "\r\nVary: Accept-Encoding\r\n"));
  CHECK(inflate(body_of(packed), text.size()) == text);
  CHECK(has(packed, "Content-Length: " + std::to_string(body_of(packed).size()) + "\r\n"));
  const auto plain = to_bytes({.body = text}, {});
  CHECK_FALSE(has(plain, "Content-Encoding"));
  CHECK(has(plain, "Vary: Accept-Encoding"));
  CHECK_FALSE(has(to_bytes({.body = "small"}, {.accepts_gzip = true}), "gzip"));
  CHECK_FALSE(has(to_bytes({.body = text, .content_type = "image/png"}, {.accepts_gzip = true}), "gzip"));
}

TEST_CASE("Accept-Encoding is understood") {
  for (const auto* yes : {"gzip", "GZIP", "br, gzip", "gzip;q=0.5", "*", "deflate, *;q=0.1", "gzip ; q=1.0"})
    CHECK_MESSAGE(accepts_gzip(yes), yes);
  for (const auto* no : {"", "br", "identity", "gzip;q=0", "gzip; q=0.000", "*, gzip;q=0", "gzipped"})
    CHECK_MESSAGE(!accepts_gzip(no), no);
}

TEST_CASE("an error says what, where and what to do") {
  const auto answer = error(400, "invalid", "Two \"events\" are wrong.", {{3, "event.ts", "is no time"}});
  rapidjson::Document json;
  REQUIRE_FALSE(json.Parse(answer.body.c_str()).HasParseError());
  const auto& e = json["error"];
  CHECK(std::string{e["code"].GetString()} == "invalid");
  CHECK(std::string{e["message"].GetString()} == "Two \"events\" are wrong.");
  CHECK(e["details"][0]["index"].GetInt() == 3);
  CHECK(std::string{e["details"][0]["field"].GetString()} == "event.ts");
  CHECK(std::string{e["details"][0]["message"].GetString()} == "is no time");
  CHECK(answer.headers.empty());
  CHECK(has(to_bytes(error(503, "unavailable", "Later."), {}), "\r\nRetry-After: 1\r\n"));
}

} // namespace
} // namespace agentmon
