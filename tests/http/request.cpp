#include "http/request.hpp"

#include "http/response.hpp"
#include "protocol/limits.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace agentmon {
namespace {

std::string post(std::string_view headers, std::string_view body) {
  return "POST /v1/events HTTP/1.1\r\nHost: x\r\n" + std::string{headers} + "\r\n" + std::string{body};
}

std::string post_gzip(std::string_view packed) {
  return post("Content-Encoding: gzip\r\nContent-Length: " + std::to_string(packed.size()) + "\r\n", packed);
}

TEST_CASE("a request is read: line, query, headers, body") {
  const auto r =
      parse_request("POST /v1/a%20b?q=x+y&n=%C3%A4&n=2&empty= HTTP/1.1\r\nHost: here\r\nX-A:  b c \r\nx-a: d\r\n"
                    "Content-Length: 3\r\n\r\nabc");
  REQUIRE(r);
  CHECK(r->method == "POST");
  CHECK(r->path == "/v1/a b");
  CHECK(r->target == "/v1/a%20b?q=x+y&n=%C3%A4&n=2&empty=");
  CHECK(r->version == "HTTP/1.1");
  CHECK(r->get_param_value("q") == "x y");
  CHECK(r->get_param_value("n", 0) == "\xc3\xa4");
  CHECK(r->get_param_value("n", 1) == "2");
  CHECK(r->has_param("empty"));
  std::set<std::string> values; // their order depends on cpp-httplib's release
  for (auto [each, end] = r->headers.equal_range("x-A"); each != end; ++each) values.insert(each->second);
  CHECK(values == std::set<std::string>{"b c", "d"});
  CHECK(r->headers.size() == 4);
  CHECK(r->body == "abc");
}

TEST_CASE("header values stay as they came") {
  const auto r = parse_request("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a%0d%0ab\r\n"
                               "Range: bytes=0-1\r\n\r\n");
  REQUIRE(r);
  CHECK(r->get_header_value("Authorization") == "Bearer a%0d%0ab");
  CHECK(r->get_header_value("Range") == "bytes=0-1");
}

TEST_CASE("a request without headers is one") {
  const auto r = parse_request("GET / HTTP/1.0\r\n\r\n");
  REQUIRE(r);
  CHECK(r->headers.empty());
}

TEST_CASE("a long Range header does no harm") {
  const auto r = parse_request("GET / HTTP/1.1\r\nHost: x\r\nRange: bytes=" + std::string(15'000, '1') + "-\r\n\r\n");
  REQUIRE(r);
  CHECK(r->ranges.empty());
}

TEST_CASE("chunks are joined; extensions and trailers are dropped") {
  const auto r = parse_request(
      post("Transfer-Encoding: chunked\r\n", "5;x=y\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n"));
  REQUIRE(r);
  CHECK(r->body == "hello 0123456789");
  CHECK_FALSE(r->has_header("X-Sum"));
}

TEST_CASE("compressed bodies are inflated") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "event number " + std::to_string(i) + ", ";
  CHECK(parse_request(post_gzip(gzip(text, 6)))->body == text);
  const auto packed = gzip("hello", 6);
  CHECK(parse_request(post("content-encoding: X-GZIP\r\nContent-Length: 25\r\n", packed))->body == "hello");
  const std::string chunked = post("Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
                                   "5\r\n" + packed.substr(0, 5) + "\r\n14\r\n" + packed.substr(5) + "\r\n0\r\n\r\n");
  REQUIRE(packed.size() == 25);
  CHECK(parse_request(chunked)->body == "hello");
}

TEST_CASE("a body that would inflate beyond the limit is given up") {
  const auto r = parse_request(post_gzip(gzip(std::string(limits::body_bytes + 1, 'x'), 9)));
  REQUIRE_FALSE(r);
  CHECK(r.error().status == 413);
  CHECK(parse_request(post_gzip(gzip(std::string(limits::body_bytes, 'x'), 9)))->body.size() == limits::body_bytes);
}

TEST_CASE("what cannot be decoded is refused") {
  const auto status = [](const std::string& bytes) {
    const auto r = parse_request(bytes);
    return r ? 200 : r.error().status;
  };
  const auto packed = gzip("hello", 6);
  CHECK(status(post_gzip(packed.substr(0, packed.size() - 1))) == 400);
  CHECK(status(post_gzip("hello")) == 400);
  CHECK(status(post_gzip(packed + "rest")) == 400);
  CHECK(status(post("Content-Encoding: br\r\nContent-Length: 1\r\n", "x")) == 415);
  CHECK(status(post("Content-Encoding: gzip, gzip\r\nContent-Length: 1\r\n", "x")) == 415);
  CHECK(status("BREW / HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status("GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n") == 414);
}

TEST_CASE("a body is what it is, whatever its type says") {
  const std::string json = "{\"a\":\"" + std::string(100'000, '&') + "\"}";
  const auto length = "Content-Length: " + std::to_string(json.size()) + "\r\n";
  for (const auto* type : {"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"}) {
    const auto r = parse_request(post("Content-Type: " + std::string{type} + "\r\n" + length, json));
    REQUIRE(r);
    CHECK(r->body == json);
    CHECK(r->params.empty());
  }
}

} // namespace
} // namespace agentmon
